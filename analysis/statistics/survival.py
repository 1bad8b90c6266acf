"""How many queries an attack needs, when some attacks gave up: a failure says only that it would have taken more."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats


class Curve(NamedTuple):
    """Share of examples that stand after so many queries; between two points the share stays."""

    queries: npt.NDArray[np.float64]
    """``(m,)`` increasing: where an attack succeeded or gave up."""

    standing: npt.NDArray[np.float64]
    """``(m,)`` shares, just after."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    """``(m,)`` 95 % interval of each share by itself (log-log, Greenwood's variance); NaN where it has none."""

    median: float | None
    """Queries after which half have fallen; None where more than half stood to the end."""


def kaplan_meier(queries: npt.ArrayLike, succeeded: npt.ArrayLike) -> Curve | None:
    """The survival curve of attacked examples; None where none was attacked.

    Args:
        queries: ``(n,)`` at which the attack succeeded, or after which it gave up, one attempted example each.
        succeeded: ``(n,)`` whether it succeeded.

    Raises:
        ValueError: the lengths differ.

    Source: Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 1958.
    """
    observed = _censored(queries, succeeded)
    if observed is None:
        return None
    found = stats.ecdf(observed).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where all stand or none does there is no interval: NaN
        interval: Any = found.confidence_interval(method="log-log")
    fallen = np.flatnonzero(found.probabilities <= 0.5)
    return Curve(
        queries=np.asarray(found.quantiles, dtype=np.float64),
        standing=np.asarray(found.probabilities, dtype=np.float64),
        low=np.asarray(interval.low.probabilities, dtype=np.float64),
        high=np.asarray(interval.high.probabilities, dtype=np.float64),
        median=float(found.quantiles[fallen[0]]) if len(fallen) else None,
    )


def logrank(
    queries: npt.ArrayLike, succeeded: npt.ArrayLike, other_queries: npt.ArrayLike, other_succeeded: npt.ArrayLike
) -> float | None:
    """P-value of the log-rank test that two victims fall equally fast; None where either has no success to compare.

    The two samples are taken as independent, though the examples are the same: that is on the safe side where an
    example that is hard for one victim is hard for the other.

    Source: Mantel, "Evaluation of survival data and two new rank order statistics arising in its consideration", 1966.
    """
    one, other = _censored(queries, succeeded), _censored(other_queries, other_succeeded)
    if one is None or other is None or not (np.any(succeeded) or np.any(other_succeeded)):
        return None
    return float(stats.logrank(one, other).pvalue)


def _censored(queries: npt.ArrayLike, succeeded: npt.ArrayLike) -> stats.CensoredData | None:
    times, fell = np.asarray(queries, dtype=np.float64), np.asarray(succeeded, dtype=bool)
    if times.shape != fell.shape:
        raise ValueError(f"an outcome is needed for every number of queries, but got {fell.shape} for {times.shape}")
    return stats.CensoredData.right_censored(times, ~fell) if len(times) else None
