"""How large a difference is, whatever the number of examples: a p-value alone does not say."""

from __future__ import annotations

import enum
import math

import numpy as np
import numpy.typing as npt
from scipy import stats


class Magnitude(enum.StrEnum):
    """Words for sizes of Cliff's delta.

    Source: Romano, Kromrey, Coraggio, Skowronek, "Appropriate statistics for ordinal level data", 2006.
    """

    NEGLIGIBLE = "negligible"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


THRESHOLDS = ((0.147, Magnitude.NEGLIGIBLE), (0.33, Magnitude.SMALL), (0.474, Magnitude.MEDIUM))
"""|delta| below which a word holds; `large` from the last one on."""


def a12(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Chance that a value of the first is larger than one of the second, ties counted half; None without values.

    Args:
        first: ``(n,)``, NaN where not measured.
        second: ``(m,)`` likewise; not paired with the first.

    Source: Vargha and Delaney, "A critique and improvement of the CL common language effect size statistics of McGraw
        and Wong", 2000; recommended by Arcuri and Briand, "A hitchhiker's guide to statistical tests for assessing
        randomized algorithms in software engineering", 2014.
    """
    one, other = _measured(first), _measured(second)
    if not len(one) or not len(other):
        return None
    ranks = stats.rankdata(np.concatenate([one, other]))[: len(one)]
    return float((ranks.sum() - len(one) * (len(one) + 1) / 2) / (len(one) * len(other)))


def cliffs_delta(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """:func:`a12` on the scale from -1 (the first is always smaller) to 1 (always larger).

    Source: Cliff, "Dominance statistics: ordinal analyses to answer ordinal questions", 1993.
    """
    chance = a12(first, second)
    return None if chance is None else 2 * chance - 1


def magnitude(delta: float) -> Magnitude:
    """The word for a size of Cliff's delta."""
    return next((word for below, word in THRESHOLDS if abs(delta) < below), Magnitude.LARGE)


def rank_biserial(differences: npt.ArrayLike) -> float | None:
    """Effect size of a signed-rank test, in [-1, 1]: positive ranks' share minus negative ranks' share.

    Args:
        differences: ``(n,)`` second minus first of each pair, NaN where not measured; zeros carry no sign.

    Returns:
        0 where nothing differs, None where nothing was measured.

    Source: Kerby, "The simple difference formula", 2014.
    """
    known = _measured(differences)
    if not len(known):
        return None
    moved = known[known != 0]
    ranks = stats.rankdata(np.abs(moved))
    return float(np.sum(np.sign(moved) * ranks) / np.sum(ranks)) if len(moved) else 0.0


def odds_ratio(first_only: int, second_only: int) -> float | None:
    """Conditional odds ratio of matched pairs: how many pairs turned to yes for each that turned from it.

    Args:
        first_only: Pairs in which the answer is yes for the first alone.
        second_only: Pairs in which it is yes for the second alone.

    Returns:
        ``second_only / first_only``; infinite where none turned from it, None where none turned at all.
    """
    if not first_only:
        return math.inf if second_only else None
    return second_only / first_only


def _measured(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    return found[~np.isnan(found)]
