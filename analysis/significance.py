"""Which differences between a student and its teacher are more than chance? Paired, on the same attacked examples.

    python -m analysis.significance --store results [--sweep NAME] [--where "attack == 'alert'"] [--out DIR]

Two questions, each a family of tests of its own: does the student lose *robust accuracy* (all examples: those it gets
wrong anyway count against it), and is it *fooled more often* (the examples that both had right: what is left when clean
accuracy is set aside)? Examples are the unit: one that was attacked under several seeds has one value, its mean.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import charts
from analysis.command import run, write_tables
from analysis.labels import TEACHER
from analysis.load import load
from analysis.operations import (
    CELL,
    mean_interval,
    names_in,
    only,
    prepare,
    summarize,
    teacher_first,
    where,
    with_teacher,
)
from analysis.robustness import ATTACK
from analysis.statistics import cliffs_delta, holm, magnitude, mcnemar, wilcoxon
from analysis.tables import Column, by_victim, count, measured, number, percent, points, print_tables, text
from robust_ray.core.records import Verdict
from robust_ray.metrics.columns import STANDING, are, were_attempted

LEVEL = 0.05
"""Of a whole family of tests."""

QUESTIONS = ("robust", "fooled", "queries")
"""Beginnings of the columns of each family."""


def p_value(value: float) -> str:
    """A probability, as papers print it."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


COLUMNS = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    Column("examples", "n", count, "Examples that both were attacked on."),
    Column("teacher_robust", "teacher robust", percent, "Robust accuracy of the teacher on these."),
    Column("student_robust", "student robust", percent, "Robust accuracy of the student on these."),
    Column("robust_change", "change", points, "The student's minus the teacher's, in points; 95 % interval."),
    Column(
        "robust_p", "p", p_value, "Two-sided: McNemar's exact test of one seed, Wilcoxon's signed ranks of several."
    ),
    Column("robust_p_holm", "p (Holm)", p_value, "The same, corrected for all tests of this column."),
    Column("both", "n both", count, "Examples of those that both victims had right and that could be changed."),
    Column(
        "fooled_change", "ASR change", points, "Attack success rate on these, student minus teacher; 95 % interval."
    ),
    Column("fooled_p", "p", p_value, "As before, on these examples."),
    Column("fooled_p_holm", "p (Holm)", p_value, "The same, corrected for all tests of this column."),
]

EFFORT = [
    *COLUMNS[:2],
    COLUMNS[8],
    Column(
        "queries_change", "query change", number, "Median of the student's minus the teacher's queries, failures too."
    ),
    Column("delta", "Cliff's δ", number, "From −1 (the student always takes fewer queries) to 1 (always more)."),
    Column("size", "size", text, "Of δ: negligible below 0.147, small below 0.33, medium below 0.474, else large."),
    Column("queries_p", "p", p_value, "Two-sided, Wilcoxon's signed ranks."),
    Column("queries_p_holm", "p (Holm)", p_value, "The same, corrected for all tests of this column."),
]


class Change(NamedTuple):
    """A share of examples, of teacher and student."""

    teacher: float | None
    student: float | None
    low: float | None
    high: float | None
    p_value: float | None


def significance(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """One row for each student and attack; the families are all rows that are left by ``expression``."""
    table = prepare(
        attacks,
        with_teacher(),
        where(expression),
        only(*CELL, *ATTACK, "seed", "uid", "verdict", "queries", "teacher_verdict", "teacher_queries"),
        _pairs,
        summarize([*CELL, *ATTACK], compare),
        teacher_first("attack_name"),
    )
    for question in QUESTIONS:
        if not table.empty:
            table[f"{question}_p_holm"] = holm(table[f"{question}_p"].astype(float))
    return table


def _pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of students whose teacher was attacked on the same example, where neither attack broke."""
    told = frame["teacher_verdict"].notna()
    broke = (frame["verdict"] == Verdict.ERROR) | (frame["teacher_verdict"] == Verdict.ERROR)
    return frame[told & ~broke & (frame["compression"] != TEACHER)]


def compare(cell: pd.DataFrame) -> dict[str, Any]:
    """The tests of one student under one attack."""
    both = cell[were_attempted(cell["verdict"].array) & were_attempted(cell["teacher_verdict"].array)]
    robust = _change(cell, *STANDING)
    fooled = _change(both, Verdict.SUCCEEDED)
    spent = _of_examples(both["uid"], both["teacher_queries"], both["queries"])
    of_queries = wilcoxon(spent["teacher"], spent["student"])
    delta = cliffs_delta(spent["student"], spent["teacher"])
    return {
        "seeds": cell["seed"].nunique(),
        "examples": cell["uid"].nunique(),
        "teacher_robust": robust.teacher,
        "student_robust": robust.student,
        **_columns("robust", robust),
        "both": both["uid"].nunique(),
        "teacher_fooled": fooled.teacher,
        "student_fooled": fooled.student,
        **_columns("fooled", fooled),
        "queries_change": of_queries.median_difference,
        "delta": delta,
        "size": None if delta is None else magnitude(delta).value,
        "queries_p": of_queries.p_value,
    }


def _change(pairs: pd.DataFrame, *wanted: Verdict) -> Change:
    """Of the share of some verdicts: means over examples of their means over seeds, and whether they differ."""
    if pairs.empty:
        return Change(None, None, None, None, None)
    teacher, student = (are(pairs[name].array, *wanted) for name in ("teacher_verdict", "verdict"))
    each = _of_examples(pairs["uid"], teacher, student)
    low, high = mean_interval(each["student"] - each["teacher"], each.index)
    return Change(
        each["teacher"].mean(), each["student"].mean(), low, high, _test(each, one_seed=len(each) == len(pairs))
    )


def _of_examples(uids: pd.Series[str], teacher: npt.ArrayLike, student: npt.ArrayLike) -> pd.DataFrame:
    """One row an example: the means of its seeds."""
    example, distinct = pd.factorize(uids)
    seeds = np.bincount(example, minlength=len(distinct))
    columns = {"teacher": teacher, "student": student}
    return pd.DataFrame({name: np.bincount(example, weights=values) / seeds for name, values in columns.items()})


def _test(each: pd.DataFrame, *, one_seed: bool) -> float | None:
    teacher: npt.NDArray[np.float64] = each["teacher"].to_numpy()
    student: npt.NDArray[np.float64] = each["student"].to_numpy()
    return mcnemar(teacher > 0, student > 0).p_value if one_seed else wilcoxon(teacher, student).p_value


def _columns(question: str, change: Change) -> dict[str, float | None]:
    if change.teacher is None or change.student is None:
        return dict.fromkeys(f"{question}_{end}" for end in ("change", "change_low", "change_high", "p"))
    return {
        f"{question}_change": change.student - change.teacher,
        f"{question}_change_low": change.low,
        f"{question}_change_high": change.high,
        f"{question}_p": change.p_value,
    }


def family(table: pd.DataFrame, question: str) -> str:
    """How many tests a family has, and how many of them say that there is a difference."""
    tested = table[f"{question}_p"].notna().sum()
    told = (table[f"{question}_p_holm"] < LEVEL).sum()
    return f"{told} of {tested} tests below {LEVEL} after Holm's correction over the {tested}"


def draw(table: pd.DataFrame) -> Any:
    """Change of robust accuracy by compression and attack, for one model and task."""
    return charts.intervals(
        table, "robust_change", "attack_name", title="robust accuracy, student minus teacher", colour_title="attack"
    )


def command(options: Namespace) -> None:
    """Print the tables and what each family comes to; with ``--out``, write them and a figure."""
    table = significance(load(options.store, options.sweep, names_in(options.where)).attacks, options.where)
    for name, columns in {"change": COLUMNS, "queries": EFFORT}.items():
        shown = measured(table, columns)
        print_tables(name, table, shown)
        if options.out:
            figures = {f"change {victim}": draw(part) for victim, part in by_victim(table)} if name == "change" else {}
            write_tables(options.out, name, table, shown, figures)
    if not table.empty:
        print("\n" + "\n".join(f"{question}: {family(table, question)}" for question in QUESTIONS))


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
