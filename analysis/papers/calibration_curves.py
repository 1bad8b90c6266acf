"""Is a victim as often right as it is sure? Accuracy by confidence, of teacher and student, on clean and other code."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis.fidelity import CLEAN, with_inputs
from analysis.operations import CELL
from analysis.papers.thresholds import once
from analysis.tables import Column, count, percent, text
from robust_ray.metrics import calibration_curve, wilson_interval

ADVERSARIAL = "adversarial"
VICTIMS = ("teacher", "student")

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("input", "input", text, "Clean code, or adversarial code, of all attacks on teacher and student."),
    Column("victim", "victim", text),
    Column("n", "n", count, "Inputs whose confidence lies in this tenth."),
    Column("confidence", "confidence", percent, "Their mean confidence: the largest class probability."),
    Column("accuracy", "right", percent, "Share of them answered right; Wilson's interval."),
]


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a student, kind of input, victim and tenth of confidence that something lies in."""
    shown = once(with_inputs(rows))
    kinds = shown.assign(input=shown["input_name"].astype(str).where(shown["input_name"] == CLEAN, ADVERSARIAL))
    found = []
    for names, part in kinds.groupby([*CELL, "input"], sort=False, observed=True):
        for victim in VICTIMS:
            right = part[f"{victim}_prediction"] == part["label"]
            for tenth in calibration_curve(part[f"{victim}_confidence"], right):
                low, high = wilson_interval(round(tenth.accuracy * tenth.n), tenth.n) or (None, None)
                ends = {"accuracy_low": low, "accuracy_high": high}
                whose = dict(zip([*CELL, "input"], names, strict=True)) | {"victim": victim}
                found.append(whose | tenth._asdict() | ends)
    order = [*CELL, "input", "victim", "n", "confidence", "accuracy", "accuracy_low", "accuracy_high"]
    return pd.DataFrame(found, columns=order)


def draw(table: pd.DataFrame) -> Any:
    """Accuracy over confidence; for one model, task and compression."""
    shown = table[["input", "victim", "n", "confidence", "accuracy"]]
    axis = alt.Axis(format="%")
    even = pd.DataFrame({"confidence": [0.0, 1.0], "accuracy": [0.0, 1.0]})
    x = alt.X("confidence:Q", scale=alt.Scale(domain=[min(0.5, shown["confidence"].min()), 1]), axis=axis)
    y = alt.Y("accuracy:Q", title="right", scale=alt.Scale(domain=[0, 1]), axis=axis)
    diagonal = alt.Chart(even).mark_line(color="#8a94a0", strokeDash=[5, 4], clip=True).encode(x=x, y=y)
    line = (
        alt.Chart(shown)
        .mark_line(point=True)
        .encode(
            x=x,
            y=y,
            color=alt.Color("victim:N", title=None, sort=list(VICTIMS)),
            strokeDash=alt.StrokeDash(
                "input:N", title=None, sort=[CLEAN, ADVERSARIAL], legend=alt.Legend(symbolType="stroke")
            ),
        )
    )
    return alt.layer(diagonal, line).properties(width="container", height=220)
