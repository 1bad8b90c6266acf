"""Do adversarial examples of one victim fool another? Do students inherit their teacher's weak spots?

    python -m analysis.transfer --store results [--sweep NAME] [--where "attack == 'alert'"] [--out DIR]

A sweep with ``transfer: true`` replays what its attacks have found against each victim, the source, on every other, the
target. A rate is the share that fools the target, too, of those whose original the target gets right; the others are
counted in a column of their own.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import heat_map
from analysis.command import run, slug, write_tables
from analysis.groups import Groups, grouped, plain
from analysis.labels import TEACHER
from analysis.load import load
from analysis.operations import CELL, Operation, only, prepare, teacher_first, where
from analysis.robustness import ATTACK
from analysis.shares import Shares
from analysis.tables import (
    Column,
    as_latex,
    as_text,
    by_victim,
    count,
    gaps,
    measured,
    percent,
    points,
    print_tables,
    text,
)
from robust_ray.core.arrays import IntArray
from robust_ray.metrics import transfer_rate

POOLED = "all attacks"
"""Name of what all attacks together have found; an example may be among it once for each."""

SOURCE = ["source_model_name", "source_compression_name"]
"""A setting whose adversarial examples are replayed."""

ANSWERED = ["uid", "applies", "transferred"]

COLUMNS = [
    Column("source_name", "found against", text, "The source: the victim that the attack was run on."),
    Column("compression_name", "replayed on", text, "The target."),
    Column(
        "attack_name", "attack", text, "One, or all of them together: an example may then be replayed several times."
    ),
    Column("replayed", "replayed", count, "Valid adversarial examples of the source, all seeds together."),
    Column("already_wrong", "already wrong", count, "Of them, those whose original the target gets wrong, too."),
    Column("n", "n", count, "The others, whose original the target gets right."),
    Column("rate", "transfer rate", percent, "Share of those that fool the target."),
]
"""Of :func:`matrix`."""

DIRECTIONS = [
    Column("compression_name", "student", text),
    Column("attack_name", "attack", text),
    Column("up_n", "n ↑", count, "Adversarial examples of the student whose original its teacher gets right."),
    Column("up", "student → teacher", percent, "Share of them that fool the teacher."),
    Column("down_n", "n ↓", count, "Adversarial examples of the teacher whose original the student gets right."),
    Column("down", "teacher → student", percent, "Share of them that fool the student."),
    Column("difference", "difference", points, "Teacher to student minus student to teacher, in points."),
]
"""Of :func:`directions`."""


def matrix(transfers: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """One row for each source, target and attack, and for all attacks together.

    A source against which nothing was found has rows without a rate: there was nothing to replay.
    """
    return prepare(
        transfers,
        where(expression),
        only(*CELL, *SOURCE, *ATTACK, *ANSWERED),
        _by_attack(_cells),
        _completed,
        _with_words,
        _in_order,
    )


def directions(transfers: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """One row for each student and attack: how often its adversarial examples fool its teacher, and the reverse."""
    return prepare(
        transfers,
        where(expression),
        _within_families,
        _by_attack(_both_ways),
        lambda table: table.assign(is_one=table["attack_name"] != POOLED),
        teacher_first("is_one", "attack_name"),
        lambda table: table.drop(columns="is_one"),
    )


def wide(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[Column]]:
    """The matrix of one model, task and attack with a row for each source, and the columns to print of it.

    Names are long, so that targets are numbered: they are the first of the sources, in the same order.
    """
    rows = []
    for i, (source, part) in enumerate(cells.groupby("source_name", sort=False), start=1):
        row: dict[str, Any] = {"source_name": f"{i} {source}", "replayed": part["replayed"].max()}
        for j, cell in enumerate(part.itertuples(index=False), start=1):
            row |= {f"to_{j}": cell.rate, f"to_{j}_low": cell.rate_low, f"to_{j}_high": cell.rate_high}
        rows.append(row)
    targets = range(1, cells["compression_name"].nunique() + 1)
    columns = [Column("source_name", "found against", text), Column("replayed", "replayed", count)]
    return pd.DataFrame(rows), columns + [Column(f"to_{j}", f"on {j}", percent) for j in targets]


def _by_attack(measure: Callable[[pd.DataFrame, list[str]], pd.DataFrame]) -> Operation:
    """What is measured of all attacks together, where there are several, and of each; by model and task."""

    def reduce(frame: pd.DataFrame) -> pd.DataFrame:
        tables = []
        for rows in grouped(frame, ["model_name", "task_name"]).rows():
            part = frame.take(rows)
            each = measure(part, ATTACK)
            together = measure(part, []).assign(attack_name=POOLED, attack=None, attack_params=None)
            tables += [together, each] if each["attack_name"].nunique() > 1 else [each]
        return pd.concat(tables, ignore_index=True) if tables else frame

    return reduce


def _cells(part: pd.DataFrame, attack: list[str]) -> pd.DataFrame:
    """A row for each target, source and attack."""
    groups = grouped(part, by := [*CELL, *SOURCE, *attack])
    rates, _ = _rates(part, groups.of_row, len(groups.first))
    counts = {"replayed": groups.sizes, "already_wrong": groups.sizes - rates["n"].to_numpy()}
    return _named(part[by], groups).assign(**counts, **rates)


def _both_ways(part: pd.DataFrame, attack: list[str]) -> pd.DataFrame:
    """A row for each student and attack."""
    groups = grouped(part, by := [*CELL, *attack])
    count = len(groups.first)
    rates, shares = _rates(part, groups.of_row + count * part["is_down"].to_numpy(), 2 * count)
    up, down = rates[:count], rates[count:].reset_index(drop=True)
    ways = [
        found.set_axis([f"{way}_n", way, f"{way}_low", f"{way}_high"], axis=1)
        for way, found in (("up", up), ("down", down))
    ]
    low, high = shares.difference_intervals(np.arange(count), np.arange(count, 2 * count)).T
    difference = {"difference": down["rate"] - up["rate"], "difference_low": low, "difference_high": high}
    return pd.concat([_named(part[by], groups), *ways], axis=1).assign(**difference)


def _rates(part: pd.DataFrame, group: IntArray, count: int) -> tuple[pd.DataFrame, Shares]:
    """The rate of each of so many groups, the number of rows it is a share of, and its interval."""
    applies = part["applies"].to_numpy(dtype=np.bool_)
    fooled = (part["transferred"] == True).to_numpy(dtype=np.bool_)  # noqa: E712  # null where it does not apply
    shares = Shares.of(group[applies], count, pd.factorize(part["uid"])[0][applies], fooled[applies])
    order = np.argsort(group, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(group, minlength=count))[:-1])
    rate = pd.Series([transfer_rate(applies[each], fooled[each]) for each in rows], dtype=np.float64)
    low, high = shares.intervals().T
    return pd.DataFrame({"n": shares.n, "rate": rate, "rate_low": low, "rate_high": high}), shares


def _named(keys: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """What the rows of each group have in common."""
    return plain(keys.iloc[groups.first]).reset_index(drop=True)


def _within_families(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows between teachers and their own students, in the student's cell; ``is_down``: found against the teacher."""
    on_teacher, from_teacher = frame["compression"] == TEACHER, frame["source_compression"] == TEACHER
    across = frame[on_teacher != from_teacher]
    family = across[across["teacher"].astype("str") == across["source_teacher"].astype("str")]
    is_down = family["source_compression"] == TEACHER
    names = ["compression_name", "compression", "compression_params"]
    of_student = {
        name: family[name].astype("str").where(is_down, family[f"source_{name}"].astype("str")) for name in names
    }
    return family.assign(**of_student, is_down=is_down)


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    """With a row for every two victims under every attack, also where there was nothing to replay."""
    groups = []
    for _, part in table.groupby(["model_name", "task_name"], sort=False):
        targets, attacks = part[CELL].drop_duplicates(), part[ATTACK].drop_duplicates()
        own = targets[["model_name", "compression_name"]].set_axis(SOURCE, axis=1)
        sources = pd.concat([part[SOURCE], own]).drop_duplicates()
        groups.append(targets.merge(sources, how="cross").merge(attacks, how="cross").merge(part, how="left"))
    if not groups:
        return table
    whole = pd.concat(groups, ignore_index=True)
    return whole.fillna(dict.fromkeys(["replayed", "already_wrong", "n"], 0))


def _with_words(table: pd.DataFrame) -> pd.DataFrame:
    """With ``source_name``: the source's compression, and its model where that is not the target's."""
    compression, model = table["source_compression_name"].astype("str"), table["source_model_name"].astype("str")
    return table.assign(
        source_name=compression.where(model == table["model_name"].astype("str"), model + ": " + compression)
    )


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """All attacks together first; the model's own victims before others, teachers before their students."""
    teachers = set(table.loc[table["compression"] == TEACHER, "compression_name"])
    keyed = table.assign(
        is_one=table["attack_name"] != POOLED,
        is_foreign=table["source_model_name"] != table["model_name"],
        source_is_student=~table["source_compression_name"].isin(teachers),
        is_student=table["compression"] != TEACHER,
    )
    by = ["model_name", "task_name", "is_one", "attack_name", "is_foreign", "source_model_name"]
    by += ["source_is_student", "source_compression_name", "is_student", "compression_name"]
    return keyed.sort_values(by, kind="stable", ignore_index=True)[["source_name", *table.columns.drop("source_name")]]


def draw(table: pd.DataFrame) -> Any:
    """The matrix as a heat map, for one model and task; of several attacks a menu shows one at a time."""
    titles = {column.name: column.heading for column in COLUMNS}
    return heat_map.draw(table, "source_name", "compression_name", "rate", "attack_name", titles)


def by_attack(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """``model on task, attack`` with its rows."""
    for victim, part in by_victim(table):
        for attack, cells in part.groupby("attack_name", sort=False):
            yield f"{victim}, {attack}", cells


def command(options: Namespace) -> None:
    """Print a matrix for each attack, and the two directions; with ``--out``, write them and the heat maps."""
    transfers = load(options.store, options.sweep).transfers
    table, ways = matrix(transfers, options.where), directions(transfers, options.where)
    note = f" ({gaps(table)})" if gaps(table) else ""
    if table.empty:
        print(
            f"\ntransfer{note}: nothing was replayed; a sweep does with `transfer: true`, once an attack has succeeded"
        )
        return
    for title, cells in by_attack(table):
        print(f"\ntransfer rate, {title}{note}\n\n{as_text(*wide(cells))}")
    print_tables("transfer between teacher and student", ways, measured(ways, DIRECTIONS))
    if options.out:
        figures = {f"transfer {title}": draw(cells) for title, cells in by_attack(table)}
        write_tables(options.out, "transfer", table, COLUMNS, figures)
        write_tables(options.out, "transfer-directions", ways, DIRECTIONS, {})
        for title, cells in by_attack(table):
            path = options.out / f"{slug(f'transfer {title}')}.tex"
            path.write_text(f"% {title}{note}\n{as_latex(*wide(cells))}", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
