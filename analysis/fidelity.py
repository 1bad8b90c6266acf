"""How faithfully does each student mimic its teacher, on clean code and on adversarial code?

    python -m analysis.fidelity --store results [--sweep NAME] [--where "perturbation == 'alert'"] [--out DIR]

Three tables: how often each relation is violated; how far the calibration errors lie apart; and how much more a student
loses under attack than its teacher, relative to what the teacher loses (the "285 %" of Awal et al., arXiv 2511.05476).
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import charts
from analysis.command import run, slug, write_tables
from analysis.groups import grouped, labelled
from analysis.labels import TEACHER
from analysis.load import load
from analysis.operations import CELL, only, prepare, share_interval, summarize, teacher_first, where, with_teacher
from analysis.robustness import ATTACK
from analysis.tables import Column, by_victim, count, measured, number, percent, points, print_tables, relative, text
from robust_ray.core.records import Verdict
from robust_ray.metrics import (
    accuracy,
    agreement,
    calibration_gap,
    expected_calibration_error,
    fidelity,
    relative_drop,
    robust_accuracy,
)

INPUT = ["input_name", "perturbation", "perturbed_for", "attack_params"]
"""What teacher and student were shown."""

CLEAN = "clean"

STUDENT = Column("compression_name", "compression", text)
SHOWN = Column(
    "input_name", "input", text, "Clean code, or the adversarial code an attack on teacher or student found."
)

VIOLATIONS = [
    STUDENT,
    SHOWN,
    Column("relation_name", "relation", text, "The property teacher and student should share."),
    Column("applies", "n", count, "Inputs the relation says anything about."),
    Column("violated", "violated", percent, "Share of those on which it does not hold."),
]
CALIBRATION = [
    STUDENT,
    SHOWN,
    Column("n", "n", count, "Inputs."),
    Column("agreement", "same answer", percent, "Share of inputs on which teacher and student give the same answer."),
    Column("teacher_ece", "ECE teacher", number, "Expected calibration error, 10 equal-width bins."),
    Column("student_ece", "ECE student", number, "Expected calibration error, 10 equal-width bins."),
    Column("calibration_gap", "ECE gap", number, "Distance between the two."),
]
DROPS = [
    STUDENT,
    Column("attack_name", "attack", text),
    Column("pairs", "n", count, "Examples on which both were attacked."),
    Column("teacher_drop", "teacher loses", points, "Robust minus clean accuracy of the teacher, in points."),
    Column("student_drop", "student loses", points, "The same of the student."),
    Column(
        "relative_drop", "relative", relative, "How much more the student loses, in per cent of the teacher's loss."
    ),
]


def with_inputs(frame: pd.DataFrame) -> pd.DataFrame:
    """Fidelity rows with ``input_name``: what teacher and student were shown, in words that sort clean first."""
    return frame.assign(input_name=labelled(frame, ["attack_name", "perturbed_for"], _input_name))


def _input_name(attack: str, perturbed_for: str) -> str:
    return CLEAN if pd.isna(perturbed_for) else f"perturbed by {attack}, for {perturbed_for}"


def violations(rows: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """Violated share of every relation, for each student and kind of input."""
    by = [*CELL, *INPUT, "relation_name", "relation", "relation_params"]
    return prepare(
        rows, with_inputs, where(expression), summarize(by, _violations), teacher_first("input_name", "relation_name")
    )


def calibration(rows: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """Calibration errors of teacher and student, for each student and kind of input."""
    once = [*CELL, *INPUT, "student", "seed", "uid"]
    return prepare(
        rows,
        with_inputs,
        where(expression),
        lambda frame: frame.take(grouped(frame, once).first),  # every relation repeats the predictions
        summarize([*CELL, *INPUT], _calibration),
        teacher_first("input_name"),
    )


def drops(attacks: pd.DataFrame) -> pd.DataFrame:
    """What student and teacher lose of their accuracy under each attack, on the examples both were attacked on."""
    known = prepare(
        attacks,
        with_teacher(),
        only(
            *CELL,
            *ATTACK,
            "label",
            *(f"{whose}{name}" for whose in ("", "teacher_") for name in ("prediction", "verdict")),
        ),
    )
    both = known["teacher_verdict"].notna() & (known[["verdict", "teacher_verdict"]] != Verdict.ERROR).all(axis=1)
    pairs = known[both & known["prediction"].notna() & (known["compression"] != TEACHER)]
    return prepare(pairs, summarize([*CELL, *ATTACK], _drops), teacher_first("attack_name"))


def _violations(part: pd.DataFrame) -> dict[str, Any]:
    relevant = part[part["applies"]]
    broken = ~relevant["holds"].astype(bool)
    held = fidelity(part["applies"], part["holds"])
    low, high = share_interval(broken, relevant["uid"])
    violated = None if held is None else 1 - held
    return {"n": len(part), "applies": len(relevant), "violated": violated, "violated_low": low, "violated_high": high}


def _calibration(part: pd.DataFrame) -> dict[str, Any]:
    teacher = (part["teacher_confidence"], part["teacher_prediction"] == part["label"])
    student = (part["student_confidence"], part["student_prediction"] == part["label"])
    return {
        "n": len(part),
        "agreement": agreement(part["teacher_prediction"], part["student_prediction"]),
        "teacher_ece": expected_calibration_error(*teacher),
        "student_ece": expected_calibration_error(*student),
        "calibration_gap": calibration_gap(*teacher, *student),
    }


def _drops(part: pd.DataFrame) -> dict[str, Any]:
    teacher_clean, student_clean = (accuracy(part["label"], part[p]) for p in ("teacher_prediction", "prediction"))
    teacher_robust, student_robust = (robust_accuracy(part[v].array) for v in ("teacher_verdict", "verdict"))
    assert teacher_robust is not None and student_robust is not None  # noqa: PT018  # there is a pair, and none broke
    return {
        "pairs": len(part),
        "teacher_clean": teacher_clean,
        "teacher_robust": teacher_robust,
        "teacher_drop": teacher_robust - teacher_clean,
        "student_clean": student_clean,
        "student_robust": student_robust,
        "student_drop": student_robust - student_clean,
        "relative_drop": relative_drop(teacher_clean, teacher_robust, student_clean, student_robust),
    }


def draw(table: pd.DataFrame) -> Any:
    """Violated share by compression and relation, for one model and task; a menu chooses the input."""
    return charts.intervals(
        table, "violated", "relation_name", title="share of inputs violated", colour_title="relation", view="input_name"
    )


def command(options: Namespace) -> None:
    """Print the three tables; with ``--out``, write them and a figure for each kind of input."""
    rows = load(options.store, options.sweep)
    violated = violations(rows.fidelity, options.where)
    figures = {
        f"violations {victim} {shown}": draw(inputs)
        for victim, part in by_victim(violated)
        for shown, inputs in part.groupby("input_name", sort=False)
    }
    tables = {
        "violated relations": (violated, VIOLATIONS),
        "calibration": (calibration(rows.fidelity, options.where), CALIBRATION),
        "loss under attack": (drops(rows.attacks), DROPS),
    }
    for name, (table, columns) in tables.items():
        print_tables(name, table, measured(table, columns))
        if options.out:
            drawn = figures if table is violated else {}
            write_tables(options.out, slug(name), table, measured(table, columns), drawn)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
