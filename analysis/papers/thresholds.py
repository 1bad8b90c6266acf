"""What would a relation say at another threshold? Read again from the rows of one, without asking a model.

Rows hold what a relation held against its threshold: the ``distance``, and both victims' confidences. So a study that
measured one threshold has measured all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis.fidelity import violations
from analysis.tables import Column, count, number, percent, text

AGREEMENT = "prediction_agreement"
SIMILARITY = "probability_similarity"
CONFIDENCE = "high_confidence_preservation"
CALIBRATION = "calibration_alignment"

USUAL: Mapping[str, tuple[float, ...]] = {
    SIMILARITY: (0.05, 0.1, 0.2),
    CONFIDENCE: (0.8, 0.9, 0.95),
    CALIBRATION: (0.05, 0.1, 0.2),
}
"""Thresholds worth comparing; findings are asked at the one in the middle."""

ANY = "any attack"
EITHER = "teacher or student"

MEASUREMENT = ["student", "teacher", "seed", "uid", "perturbation", "perturbed_for", "attack_params"]
"""Columns of one comparison of teacher and student, whatever the threshold."""

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("input_name", "input", text),
    Column("relation", "relation", text),
    Column("threshold", "threshold", number),
    Column("applies", "n", count, "Inputs the relation says anything about at this threshold."),
    Column("violated", "violated", percent, "Share of those on which it does not hold."),
]


def at(rows: pd.DataFrame, relation: str, threshold: float | None = None, divergence: str = "js") -> pd.DataFrame:
    """Rows of one relation as if measured at a threshold, each comparison once.

    Args:
        rows: Fidelity rows.
        relation: Type of the relation.
        threshold: None where the relation has none.
        divergence: Of those that were measured of probability similarity, the one that is meant.

    Source: the definitions of :mod:`robust_ray.fidelity.relations`; the tests hold the two together.
    """
    meant = rows[rows["relation"] == relation]
    if relation == SIMILARITY:
        settings = meant["relation_params"].unique()
        chosen = [params for params in settings if json.loads(params)["divergence"] == divergence]
        meant = meant[meant["relation_params"].isin(chosen)]
    found = once(meant)
    if threshold is None:
        return found
    if relation == CONFIDENCE:
        agree = found["teacher_prediction"] == found["student_prediction"]
        return found.assign(
            applies=found["teacher_confidence"] >= threshold, holds=agree & (found["student_confidence"] >= threshold)
        )
    return found.assign(applies=True, holds=found["distance"].astype(float) <= threshold)


def middle(relation: str) -> float | None:
    """The threshold at which findings are asked; None where the relation has none."""
    return USUAL[relation][len(USUAL[relation]) // 2] if relation in USUAL else None


def once(rows: pd.DataFrame) -> pd.DataFrame:
    """Each comparison of teacher and student once: every relation and threshold repeats both answers."""
    return rows.drop_duplicates(MEASUREMENT)


def pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of clean inputs as they are, and those of adversarial ones as of one attack: no attack alone has many."""
    is_clean = rows["perturbed_for"].isna()
    names = {"perturbation": ANY, "attack_name": ANY, "attack_params": "{}", "perturbed_for": EITHER}
    return rows.assign(**{name: rows[name].astype("object").where(is_clean, word) for name, word in names.items()})


def sweep(rows: pd.DataFrame) -> pd.DataFrame:
    """Violated share of every relation that has a threshold, at each of :data:`USUAL`, on clean and other code."""
    parts = [
        violations(_named(pooled(again), threshold)).assign(threshold=threshold)
        for relation, thresholds in USUAL.items()
        for threshold in thresholds
        if len(again := at(rows, relation, threshold))
    ]
    return pd.concat(parts, ignore_index=True) if parts else violations(rows[:0]).assign(threshold=np.nan)


def _named(rows: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Rows that :func:`~analysis.fidelity.violations` takes for those of one setting."""
    params = json.dumps({"threshold": threshold})
    return rows.assign(relation_name=rows["relation"], relation_params=params)


def draw(table: pd.DataFrame) -> Any:
    """Violated share by threshold, a line for each student and kind of input; for one model, task and relation."""
    shown = table[["compression_name", "input_name", "threshold", "violated"]]
    return (
        alt.Chart(shown)
        .mark_line(point=True)
        .encode(
            x=alt.X("threshold:Q", scale=alt.Scale(zero=False), axis=alt.Axis(values=sorted(set(shown["threshold"])))),
            y=alt.Y("violated:Q", title="violated", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("compression_name:N", title=None),
            strokeDash=alt.StrokeDash("input_name:N", title=None, legend=alt.Legend(symbolType="stroke")),
        )
        .properties(width="container", height=220)
    )
