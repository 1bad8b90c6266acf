"""How sure we are of a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import FloatArray

Interval = tuple[float, float]

MANY = 1000
"""Clusters from which on :func:`mean_interval` may do without dice …"""

NORMAL = 0.1
"""… where the skewness of the mean is below this: it moves the ends of a 95 % interval by less than a twentieth of a
standard error, which is less than 2,000 dice do."""


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


def mean_interval(
    values: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Interval | None:
    """Percentile bootstrap interval of a mean, in time that hardly grows with the number of rows.

    Of a cluster only its sum and its number of rows matter to the mean, and clusters in which both are equal are
    interchangeable: how many of each kind are drawn is multinomial, so this is drawn in place of them.

    Args:
        values: ``(n,)`` numbers.
        rng: the dice.
        weights: ``(n,)`` what counts of a row in place of 1, for a ratio of two sums: the mean is that of the values'
            sum over the weights'.
        clusters: ``(n,)`` whole numbers from 0 on, the group each row belongs to; None makes each row its own.
        resamples: how often to draw.
        confidence: of the interval, in (0, 1).

    Returns:
        ``(low, high)``, or None when there are not two clusters, or nothing counts.

    Raises:
        ValueError: ``clusters`` is not as long as ``values``.

    Source: as for :func:`bootstrap_interval`, of which it has the distribution. Deviation: of :data:`MANY` clusters or
        more, whose mean is all but normal (:data:`NORMAL`), the interval is the normal one to which the bootstrap's
        tends, with the linearized variance of a ratio of sums (Cochran, "Sampling Techniques", 1977, chapter 6).
    """
    numbers = np.asarray(values, dtype=np.float64)
    groups = np.arange(len(numbers)) if clusters is None else np.asarray(clusters)
    if len(groups) != len(numbers):
        raise ValueError(f"every row needs a cluster, got {len(groups)} for {len(numbers)} rows")
    shares = np.ones(len(numbers)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not shares.any():
        return None
    occurs = np.bincount(groups) > 0
    sums, counts = (np.bincount(groups, weights=column)[occurs].astype(float) for column in (numbers, shares))
    if len(sums) < 2:
        return None
    if len(sums) >= MANY and (limit := _normal_interval(sums, counts, confidence)) is not None:
        return limit
    kinds, frequencies = np.unique(sums + 1j * counts, return_counts=True)  # a pair is one complex number
    drawn = rng.multinomial(len(sums), frequencies / len(sums), size=resamples)
    whole = drawn @ kinds.imag
    found = (drawn @ kinds.real)[whole > 0] / whole[whole > 0]
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _normal_interval(sums: FloatArray, counts: FloatArray, confidence: float) -> Interval | None:
    """Interval of a ratio of sums from its linearized variance; None where its distribution leans to one side."""
    ratio = sums.sum() / counts.sum()
    moved = (sums - ratio * counts) / counts.sum()
    variance = float(np.sum(moved**2))
    if abs(float(np.sum(moved**3))) >= NORMAL * variance**1.5:
        return None
    normal = NormalDist(float(ratio), math.sqrt(variance))
    return normal.inv_cdf((1 - confidence) / 2), normal.inv_cdf((1 + confidence) / 2)
