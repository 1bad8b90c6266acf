"""How robust is each student? One row per model, task, compression and attack, every share with its 95 % interval.

python -m analysis.robustness --store results [--sweep NAME] [--where "task == 'defect_detection'"] [--out DIR]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import averages, charts
from analysis.command import run, write_tables
from analysis.load import load
from analysis.operations import (
    CELL,
    mean_interval,
    names_in,
    only,
    prepare,
    share_interval,
    summarize,
    teacher_first,
    where,
    with_teacher,
)
from analysis.tables import Column, by_victim, count, measured, number, percent, points, print_tables, text
from robust_ray.core.records import Verdict
from robust_ray.metrics import (
    accuracy,
    attack_success_rate,
    average_run_time,
    raw_attack_success_rate,
    robust_accuracy,
    robustness_drop,
    valid_share,
)
from robust_ray.metrics.columns import STANDING, are, were_attempted

ATTACK = ["attack_name", "attack", "attack_params"]

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    Column("n", "n", count, "Examples, all seeds together, skipped ones included, without those on which it broke."),
    Column("clean_accuracy", "clean", percent, "Accuracy on these examples before the attack."),
    Column("bleu", "BLEU", percent, "Mean BLEU of the summaries of these examples before the attack."),
    Column("attacked_bleu", "attacked BLEU", percent, "The same after it: of a failed attack, the lowest it reached."),
    Column(
        "asr",
        "ASR",
        percent,
        "Attack success rate: succeeded with a valid program over attempted; skipped ones are out.",
    ),
    Column("raw_asr", "raw ASR", percent, "The same with programs that are no longer valid, as papers count."),
    Column("valid_share", "valid", percent, "Valid programs over all that achieved the goal."),
    Column("robust_accuracy", "robust", percent, "Share of all examples still right after the attack."),
    Column("drop", "vs teacher", points, "Robust accuracy minus the teacher's, same attack and examples, in points."),
    *averages.columns("amq"),
    Column("errors", "errors", count, "Examples on which the attack broke."),
]

SPENT, CHANGED = ("amq", "amq_of_attempts"), ("icr", "tcr", "aed", "acs")

EFFORT = [
    *COLUMNS[:2],
    *averages.columns(*SPENT),
    Column("median_queries", "median q.", number, "Median queries of all attempted attacks."),
    Column(
        "art", "ART (s)", number, "Seconds of the attack's calls over attempted examples, on the machine that ran it."
    ),
    *averages.columns(*CHANGED),
]
"""What the attacks spent, and how much they changed."""

READ = (
    *("seed", "uid", "verdict", "teacher_verdict", "rejected", "queries", "forwards", "seconds"),
    *("label", "prediction", "confidence", "adversarial_confidence"),
    *averages.read((*SPENT, *CHANGED)),
)
"""Columns of attack rows the numbers are made of."""


def robustness(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """The table, from attack rows; teachers are paired before ``expression`` narrows the rows."""
    return prepare(
        attacks,
        with_teacher(),
        where(expression),
        only(*CELL, *ATTACK, *READ),
        summarize([*CELL, *ATTACK], summary),
        teacher_first("attack_name"),
    )


def _clean(known: pd.DataFrame) -> dict[str, float | None]:
    """What the victim was worth before the attack, and what of a summary's BLEU is left."""
    asked = known[known["confidence"].notna()]
    if asked.empty:
        return dict.fromkeys(("clean_accuracy", "bleu", "attacked_bleu"))
    if asked["prediction"].notna().any():
        return {"clean_accuracy": accuracy(asked["label"], asked["prediction"]), "bleu": None, "attacked_bleu": None}
    left = asked["adversarial_confidence"].fillna(asked["confidence"])
    return {"clean_accuracy": None, "bleu": asked["confidence"].mean(), "attacked_bleu": left.mean()}


def summary(cell: pd.DataFrame) -> dict[str, Any]:
    """The numbers of one cell."""
    known = cell[cell["verdict"] != Verdict.ERROR]
    verdicts = known["verdict"].array
    attempted = known[["uid", "verdict", "queries"]][were_attempted(verdicts)]
    standing = are(verdicts, *STANDING)
    succeeded = are(verdicts, Verdict.SUCCEEDED)
    row: dict[str, Any] = {
        "seeds": known["seed"].nunique(),
        "n": len(known),
        "attempted": len(attempted),
        "succeeded": int(succeeded.sum()),
        **_clean(known),
        "asr": attack_success_rate(verdicts),
        "raw_asr": raw_attack_success_rate(verdicts, known["rejected"]),
        "robust_accuracy": robust_accuracy(verdicts),
        "art": average_run_time(verdicts, known["seconds"].sum(min_count=1)),
        "median_queries": attempted["queries"].median(),
        "forwards": known["forwards"].sum(min_count=1),
        "valid_share": valid_share(verdicts, known["rejected"]),
        "errors": len(cell) - len(known),
    }
    row["asr_low"], row["asr_high"] = share_interval(attempted["verdict"] == Verdict.SUCCEEDED, attempted["uid"])
    row["robust_accuracy_low"], row["robust_accuracy_high"] = share_interval(standing, known["uid"])
    return row | averages.averages(known, (*SPENT, *CHANGED)) | _drop(known)


def _drop(known: pd.DataFrame) -> dict[str, Any]:
    """Against the teacher, on the examples that both were attacked on."""
    asked = known["teacher_verdict"].notna() & (known["teacher_verdict"] != Verdict.ERROR)
    pairs = known[["uid", "compression", "verdict", "teacher_verdict"]][asked]
    if pairs.empty or (pairs["compression"] == "none").all():
        return {"pairs": 0, "drop": None, "drop_low": None, "drop_high": None}
    of_student, of_teacher = (
        are(pairs[name].array, *STANDING).astype(float) for name in ("verdict", "teacher_verdict")
    )
    low, high = mean_interval(of_student - of_teacher, pairs["uid"])
    drop = robustness_drop(pairs["teacher_verdict"].array, pairs["verdict"].array)
    return {"pairs": len(pairs), "drop": drop, "drop_low": low, "drop_high": high}


def draw(table: pd.DataFrame) -> Any:
    """Attack success rate by compression and attack, for one model and task."""
    return charts.intervals(table, "asr", "attack_name", title="attack success rate", colour_title="attack")


def command(options: Namespace) -> None:
    """Print the table; with ``--out``, write it and the figures."""
    table = robustness(load(options.store, options.sweep, names_in(options.where)).attacks, options.where)
    columns, effort = measured(table, COLUMNS), measured(table, EFFORT)
    print_tables("robustness", table, columns)
    print_tables("effort", table, effort)
    if options.out:
        figures = {f"asr {victim}": draw(part) for victim, part in by_victim(table)}
        write_tables(options.out, "robustness", table, columns, figures)
        spent = table[["model_name", "task_name", *(column.name for column in effort)]]
        write_tables(options.out, "effort", spent, effort, {})


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
