"""Two victims on the same examples: does one of them do better than chance would have it?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.statistics.effects import rank_biserial


class McNemar(NamedTuple):
    """What a yes-or-no answer (right, fooled) of two victims says about their difference."""

    n: int
    """Pairs."""

    first_only: int
    """Pairs in which the answer is yes for the first alone."""

    second_only: int
    """Pairs in which it is yes for the second alone."""

    difference: float | None
    """Share of yes of the second minus that of the first; None where there is no pair."""

    p_value: float | None
    """Two-sided, exact; 1 where the two never differ, None where there is no pair."""


class Signed(NamedTuple):
    """What a number (queries, similarity) measured of two victims says about their difference."""

    n: int
    """Pairs in which both were measured."""

    median_difference: float | None
    """Of second minus first; None where there is no pair."""

    effect: float | None
    """Matched-pairs rank-biserial correlation, by :func:`~analysis.statistics.effects.rank_biserial`."""

    p_value: float | None
    """Two-sided; 1 where the two never differ, None where there is no pair."""


def mcnemar(first: npt.ArrayLike, second: npt.ArrayLike) -> McNemar:
    """McNemar's exact test: of the pairs that differ, are more one way than a fair coin would send there?

    Args:
        first: ``(n,)`` yes or no of one victim.
        second: ``(n,)`` the same of the other, on the same examples in the same order.

    Raises:
        ValueError: the lengths differ.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
        Psychometrika 1947; the exact (binomial) form.
    """
    one, other = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    _check_paired(one, other)
    n = len(one)
    gained, lost = int(np.sum(other & ~one)), int(np.sum(one & ~other))
    if n == 0:
        return McNemar(0, 0, 0, None, None)
    p_value = float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    return McNemar(n, first_only=lost, second_only=gained, difference=(gained - lost) / n, p_value=p_value)


def wilcoxon(first: npt.ArrayLike, second: npt.ArrayLike) -> Signed:
    """Wilcoxon's signed-rank test; pairs in which a value is missing are left out, those without difference as he did.

    Args:
        first: ``(n,)`` a number measured of one victim, NaN where it was not.
        second: ``(n,)`` the same of the other, on the same examples in the same order.

    Raises:
        ValueError: the lengths differ.

    Source: Wilcoxon, "Individual comparisons by ranking methods", 1945; exact for at most 50 pairs without ties and
        zeros, else the normal approximation, as :func:`scipy.stats.wilcoxon` chooses.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    _check_paired(one, other)
    both = ~(np.isnan(one) | np.isnan(other))
    differences = (other - one)[both]
    if not len(differences):
        return Signed(0, None, None, None)
    moved = np.any(differences != 0)
    p_value = float(stats.wilcoxon(differences).pvalue) if moved else 1.0
    return Signed(len(differences), float(np.median(differences)), rank_biserial(differences), p_value)


def _check_paired(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> None:
    if one.shape != other.shape:
        raise ValueError(f"a value of either is needed for every example, but got {one.shape} and {other.shape}")
