"""How sure we are of a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import FloatArray

Interval = tuple[float, float]


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Confidence interval of a share, good for small counts and for shares near 0 and 1.

    Args:
        successes: how often it happened.
        n: out of how many independent trials.
        confidence: of the interval, in (0, 1).

    Returns:
        ``(low, high)`` within [0, 1], or None when ``n`` is 0.

    Raises:
        ValueError: ``successes`` is not in [0, n].

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"`0 <= successes <= n` must hold, got {successes}, {n}")
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap_interval(
    values: npt.ArrayLike,
    statistic: Callable[[FloatArray], float | None],
    rng: np.random.Generator,
    *,
    clusters: npt.ArrayLike | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Interval | None:
    """Percentile bootstrap interval of a statistic.

    Args:
        values: ``(n,)`` or ``(n, m)``, one row an example; paired columns stay together.
        statistic: rows → the number, or None where a resample has none (those resamples are left out).
        rng: the dice.
        clusters: ``(n,)`` names of the groups drawn whole (an example attacked under several seeds, a project); None
            draws single rows.
        resamples: how often to draw.
        confidence: of the interval, in (0, 1).

    Returns:
        ``(low, high)``, or None when there are no rows or no resample has the statistic.

    Raises:
        ValueError: ``clusters`` is not as long as ``values``.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; clusters as in Field and Welsh,
        "Bootstrapping clustered data", JRSS B 2007.
    """
    rows = np.asarray(values, dtype=np.float64)
    names = np.arange(len(rows)) if clusters is None else np.asarray(clusters)
    if len(names) != len(rows):
        raise ValueError(f"every row needs a cluster, got {len(names)} for {len(rows)} rows")
    if not len(rows):
        return None
    _, cluster_of = np.unique(names, return_inverse=True)
    order = np.argsort(cluster_of, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(cluster_of))[:-1])
    found = []
    for _ in range(resamples):
        drawn = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        value = statistic(rows[drawn])
        if value is not None:
            found.append(value)
    if not found:
        return None
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
