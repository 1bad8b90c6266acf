"""How robust is each student? One row per model, task, compression and attack, every share with its 95 % interval.

python -m analysis.robustness --store results [--sweep NAME] [--where "task == 'defect_detection'"] [--out DIR]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import charts
from analysis.command import run, write_tables
from analysis.load import load
from analysis.operations import (
    CELL,
    mean_interval,
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
    acs,
    aed,
    attack_success_rate,
    average_queries,
    icr,
    robust_accuracy,
    robustness_drop,
    tcr,
)

ATTACK = ["attack_name", "attack", "attack_params"]
ATTEMPTED = [Verdict.SUCCEEDED, Verdict.FAILED]
STANDING = [Verdict.FAILED, Verdict.SKIPPED_NO_TARGET]
"""Verdicts after which the victim is still right."""

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    Column("n", "n", count, "Examples the attack was run on, all seeds together, without those on which it broke."),
    Column("clean_accuracy", "clean", percent, "Accuracy on these examples before the attack."),
    Column(
        "asr", "ASR", percent, "Attack success rate: succeeded over succeeded and failed; skipped examples are out."
    ),
    Column("robust_accuracy", "robust", percent, "Share of all examples still right after the attack."),
    Column("drop", "vs teacher", points, "Robust accuracy minus the teacher's, same attack and examples, in points."),
    Column("amq", "AMQ", number, "Mean queries of the successful attacks."),
    Column("median_queries", "median q.", number, "Median queries of all attempted attacks, failures included."),
    Column("icr", "ICR", percent, "Names changed in successes over names in all attempted examples."),
    Column("tcr", "TCR", percent, "Tokens changed in successes over tokens in all attempted examples."),
    Column("aed", "AED", number, "Mean edit distance of the successes, in characters."),
    Column("acs", "ACS", number, "Mean similarity of the successes under an encoder."),
    Column("valid_share", "held", percent, "Claims of success that held when the program was checked again."),
    Column("errors", "errors", count, "Examples on which the attack broke."),
]


def robustness(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """The table, from attack rows; teachers are paired before ``expression`` narrows the rows."""
    return prepare(
        attacks, with_teacher(), where(expression), summarize([*CELL, *ATTACK], summary), teacher_first("attack_name")
    )


def summary(cell: pd.DataFrame) -> dict[str, Any]:
    """The numbers of one cell."""
    known = cell[cell["verdict"] != Verdict.ERROR]
    attempted = known[known["verdict"].isin(ATTEMPTED)]
    verdicts = known["verdict"].to_numpy()
    standing = known["verdict"].isin(STANDING)
    succeeded = int((verdicts == Verdict.SUCCEEDED).sum())
    claims = succeeded + int(known["rejected"].sum())
    row: dict[str, Any] = {
        "seeds": known["seed"].nunique(),
        "n": len(known),
        "attempted": len(attempted),
        "succeeded": succeeded,
        "clean_accuracy": accuracy(known["label"], known["prediction"]) if len(known) else None,
        "asr": attack_success_rate(verdicts),
        "robust_accuracy": robust_accuracy(verdicts),
        "amq": average_queries(verdicts, known["queries"]),
        "median_queries": attempted["queries"].median(),
        "forwards": int(known["forwards"].sum()),
        "icr": icr(verdicts, known["identifiers_changed"], known["identifiers"]),
        "tcr": tcr(verdicts, known["tokens_changed"], known["tokens"]),
        "aed": aed(verdicts, known["edit_distance"]),
        "acs": acs(verdicts, known["similarity"]),
        "valid_share": succeeded / claims if claims else None,
        "errors": len(cell) - len(known),
    }
    row["asr_low"], row["asr_high"] = share_interval(attempted["verdict"] == Verdict.SUCCEEDED, attempted["uid"])
    row["robust_accuracy_low"], row["robust_accuracy_high"] = share_interval(standing, known["uid"])
    return row | _drop(known)


def _drop(known: pd.DataFrame) -> dict[str, Any]:
    """Against the teacher, on the examples that both were attacked on."""
    pairs = known[known["teacher_verdict"].notna() & (known["teacher_verdict"] != Verdict.ERROR)]
    if pairs.empty or (pairs["compression"] == "none").all():
        return {"pairs": 0, "drop": None, "drop_low": None, "drop_high": None}
    of_student = pairs["verdict"].isin(STANDING).astype(float)
    of_teacher = pairs["teacher_verdict"].isin(STANDING).astype(float)
    low, high = mean_interval(np.asarray(of_student - of_teacher), pairs["uid"])
    drop = robustness_drop(pairs["teacher_verdict"].to_numpy(), pairs["verdict"].to_numpy())
    return {"pairs": len(pairs), "drop": drop, "drop_low": low, "drop_high": high}


def draw(table: pd.DataFrame) -> Any:
    """Attack success rate by compression and attack, for one model and task."""
    return charts.intervals(table, "asr", "attack_name", title="attack success rate", colour_title="attack")


def command(options: Namespace) -> None:
    """Print the table; with ``--out``, write it and the figures."""
    table = robustness(load(options.store, options.sweep).attacks, options.where)
    columns = measured(table, COLUMNS)
    print_tables("robustness", table, columns)
    if options.out:
        figures = {f"asr {victim}": draw(part) for victim, part in by_victim(table)}
        write_tables(options.out, "robustness", table, columns, figures)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
