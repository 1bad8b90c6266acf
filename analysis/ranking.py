"""Which compression keeps most robustness wherever it was tried? Mean ranks over models, tasks and attacks.

    python -m analysis.ranking --store results [--sweep NAME] [--where "task == 'defect_detection'"] [--out DIR]

A condition is a model, a task and an attack; within it, settings are ranked by robust accuracy (mean over seeds), the
teacher among them. Friedman's test asks whether they differ at all; Wilcoxon's signed ranks tell pairs apart, over
conditions and with Holm's correction over all pairs; beside them stands Nemenyi's critical difference (Demšar, JMLR
2006). A setting that was attacked on fewer examples than others (a search has stopped it, or the sweep goes on) is left
out.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis import charts
from analysis.command import run, write_tables
from analysis.groups import counted
from analysis.load import load
from analysis.operations import CONDITION, names_in, prepare, standing, where
from analysis.significance import LEVEL, p_value
from analysis.statistics import Friedman, cliques, critical_difference, friedman, nemenyi, pairwise_wilcoxon
from analysis.tables import Column, as_text, count, gaps, measured, number, percent, text, with_gaps

FEWEST = 2
"""Conditions, and settings, without which nothing is ranked."""

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("mean_rank", "mean rank", number, "Over conditions; 1 is best, ties share a rank."),
    Column("robust_accuracy", "robust", percent, "Mean robust accuracy over conditions."),
    Column("wins", "best in", count, "Conditions in which no other is better."),
    Column("groups", "not told apart", text, "Settings that share a letter: no two of them differ (Wilcoxon, Holm)."),
]


class Ranking(NamedTuple):
    """Settings in order of mean rank, and what tells them apart."""

    table: pd.DataFrame
    """One row a setting, best first."""

    test: Friedman
    wilcoxon: pd.DataFrame
    """P-values of all pairs, Holm-corrected; settings by settings, in the order of the table."""

    nemenyi: pd.DataFrame | None
    """Those of Nemenyi's test; None where nothing could be ranked."""

    critical_difference: float | None
    groups: list[tuple[int, ...]]
    """Rows of the table no two of which are told apart."""

    left_out: tuple[str, ...]
    """Settings that were attacked on fewer examples than others."""


def ranking(attacks: pd.DataFrame, expression: str | None = None) -> Ranking:
    """Rank the settings over the conditions in which all of them were measured."""
    verdicts = counted(prepare(attacks, where(expression)), [*CONDITION, "compression_name", "seed", "verdict"])
    left_out = _attacked_on_fewer(verdicts)
    scores = _scores(verdicts[~verdicts["compression_name"].isin(left_out)])
    whole = scores.dropna()
    test = friedman(whole.to_numpy())
    order = np.argsort(test.mean_ranks, kind="stable")
    names = whole.columns[order]
    ranks = test.mean_ranks[order]
    enough = len(names) >= FEWEST and len(whole) >= FEWEST
    pairs = pd.DataFrame(pairwise_wilcoxon(whole[names].to_numpy()), index=names, columns=names)
    groups = cliques(list(ranks), pairs.to_numpy(), LEVEL) if enough else []
    best = whole.eq(whole.max(axis=1), axis=0)
    table = pd.DataFrame(
        {
            "compression_name": names,
            "mean_rank": ranks if enough else np.nan,
            "robust_accuracy": whole[names].mean().to_numpy(),
            "wins": best[names].sum().to_numpy(),
            "groups": [_letters(row, groups) for row in range(len(names))],
        }
    )
    return Ranking(
        table=with_gaps(table, gaps(attacks)),
        test=test,
        wilcoxon=pairs,
        nemenyi=pd.DataFrame(nemenyi(ranks, len(whole)), index=names, columns=names) if enough else None,
        critical_difference=critical_difference(len(names), len(whole), LEVEL) if enough else None,
        groups=groups,
        left_out=left_out,
    )


def _attacked_on_fewer(verdicts: pd.DataFrame) -> tuple[str, ...]:
    """Settings that somewhere were not attacked on as many examples as another was, by name."""
    sizes = verdicts.groupby([*CONDITION, "seed", "compression_name"])["rows"].sum()
    most = sizes.groupby(level=[*CONDITION, "seed"]).transform("max")
    return tuple(sorted(set(sizes[sizes < most].index.get_level_values("compression_name"))))


def _scores(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Robust accuracy, conditions by settings: of each seed, then their mean."""
    by = [*CONDITION, "compression_name"]
    of_seeds = standing(verdicts, [*by, "seed"]).set_index(by)["robust_accuracy"]
    return of_seeds.groupby(level=by, sort=False).mean().unstack("compression_name")


def _letters(row: int, groups: Sequence[tuple[int, ...]]) -> str:
    """A letter for each group a row is in."""
    return "".join(chr(ord("a") + i) for i, group in enumerate(groups) if row in group)


def verdict(found: Ranking) -> str:
    """What Friedman's test says, in one sentence."""
    students = f"{len(found.table)} settings over {found.test.conditions} conditions"
    if found.left_out:
        students += f" (left out: {len(found.left_out)} attacked on fewer examples)"
    if found.test.p_value is None:
        return f"{students}: too few to test; three settings and two conditions are needed"
    word = "differ" if found.test.p_value < LEVEL else "cannot be told apart"
    assert found.critical_difference is not None  # there are two conditions, or there would be no p-value
    return (
        f"{students} {word}: Friedman's chi-squared {found.test.statistic:.1f}, p {p_value(found.test.p_value)}; "
        f"Nemenyi's critical difference of mean ranks is {found.critical_difference:.2f}"
    )


def draw(found: Ranking) -> Any:
    """The critical-difference diagram: settings by mean rank, a bar over each group that is not told apart."""
    return charts.ranks(found.table, found.groups)


def command(options: Namespace) -> None:
    """Print the ranking; with ``--out``, write it, both matrices of p-values and the diagram."""
    found = ranking(load(options.store, options.sweep, names_in(options.where)).attacks, options.where)
    title = f"ranking ({gaps(found.table)})" if gaps(found.table) else "ranking"
    if found.table.empty:
        print(f"\n{title}: no such rows")
        return
    columns = measured(found.table, COLUMNS)
    print(f"\n{title}\n\n{as_text(found.table, columns)}\n\n{verdict(found)}")
    if options.out:
        named = found.table.assign(model_name="all", task_name="all")
        write_tables(
            options.out, "ranking", named, columns, {"ranking": draw(found)} if found.nemenyi is not None else {}
        )
        found.wilcoxon.to_csv(options.out / "ranking-wilcoxon.csv")
        if found.nemenyi is not None:
            found.nemenyi.to_csv(options.out / "ranking-nemenyi.csv")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
