"""What two victims are compared by, one number an attacked example; NaN where the example says nothing about it.

Means of these are the shares and counts of :mod:`robust_ray.metrics`; here they stand row by row, so that both victims
are compared on the same examples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from robust_ray.core.arrays import FloatArray
from robust_ray.core.records import Verdict
from robust_ray.metrics.columns import ATTEMPTED, STANDING

Measure = Callable[[pd.DataFrame], FloatArray]
"""``(n,)`` from ``n`` attack rows."""

POORER = 10
"""A poorer attacker has one in so many of the queries."""


def fooled(rows: pd.DataFrame) -> FloatArray:
    """Whether an attempted attack succeeded with a valid program."""
    return _known(rows["verdict"] == Verdict.SUCCEEDED, rows["verdict"].isin(ATTEMPTED))


def fooled_by_any_text(rows: pd.DataFrame) -> FloatArray:
    """The same with programs that are no longer valid, as papers count."""
    any_text = rows["verdict"].isin([Verdict.SUCCEEDED, Verdict.INVALID]) | (rows["rejected"] > 0)
    return _known(any_text, rows["verdict"].isin(ATTEMPTED))


def fooled_early(rows: pd.DataFrame) -> FloatArray:
    """Whether one in :data:`POORER` of the allowed queries would have been enough; NaN where any number was allowed."""
    budget = rows["query_budget"].astype("float64")
    early = rows["won_at"].astype("float64") <= budget / POORER
    return _known((rows["verdict"] == Verdict.SUCCEEDED) & early, rows["verdict"].isin(ATTEMPTED) & budget.notna())


def stands(rows: pd.DataFrame) -> FloatArray:
    """Whether the victim is still right after the attack."""
    return _known(rows["verdict"].isin(STANDING), rows["verdict"] != Verdict.ERROR)


def lost(rows: pd.DataFrame) -> FloatArray:
    """Whether the attack took a right answer: what a victim's accuracy drops by."""
    return _known(rows["verdict"] == Verdict.SUCCEEDED, rows["verdict"] != Verdict.ERROR)


def right(rows: pd.DataFrame) -> FloatArray:
    """Whether the victim is right before the attack; of a summary, its BLEU."""
    answers = (rows["prediction"] == rows["label"]).astype("float64")
    return _floats(answers.where(rows["prediction"].notna(), rows["confidence"].astype("float64")))


def queries(rows: pd.DataFrame) -> FloatArray:
    """Queries of an attempted attack, won or not."""
    return _known(rows["queries"], rows["verdict"].isin(ATTEMPTED))


def of_successes(column: str, total: str | None = None) -> Measure:
    """A column where the attack succeeded, or its share of another."""

    def measure(rows: pd.DataFrame) -> FloatArray:
        value = rows[column].astype("float64")
        whole = value if total is None else value / rows[total].astype("float64")
        return _known(whole, rows["verdict"] == Verdict.SUCCEEDED)

    return measure


def _known(value: pd.Series, told: pd.Series) -> FloatArray:
    return _floats(value.astype("float64").where(told))


def _floats(values: pd.Series) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
