"""Several students over several conditions: which differ, and a diagram's worth of mean ranks.

Source: Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 2006; and for pairwise tests in
place of Nemenyi's, whose answer on two students depends on the others, Benavoli, Corani and Mangili, "Should we really
use post-hoc tests based on mean-ranks?", JMLR 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.statistics.families import holm
from analysis.statistics.pairs import wilcoxon

Scores = npt.NDArray[np.float64]


class Friedman(NamedTuple):
    """Whether students that were measured under the same conditions differ at all."""

    conditions: int
    mean_ranks: npt.NDArray[np.float64]
    """``(students,)``; 1 is best."""

    statistic: float | None
    """Chi-squared, corrected for ties; None with fewer than three students or two conditions."""

    p_value: float | None


def friedman(scores: npt.ArrayLike, *, larger_is_better: bool = True) -> Friedman:
    """Friedman's test.

    Args:
        scores: ``(conditions, students)``; conditions (model, task, attack …) in which a student was not measured
            (NaN) are left out.
        larger_is_better: Whether the largest score has rank 1.

    Source: Friedman, "The use of ranks to avoid the assumption of normality implicit in the analysis of variance",
        JASA 1937.
    """
    table = _complete(scores)
    conditions, students = table.shape
    ranks = stats.rankdata(-table if larger_is_better else table, axis=1).mean(axis=0) if conditions else table.sum(0)
    if students < 3 or conditions < 2:
        return Friedman(conditions, ranks, None, None)
    if np.all(table == table[:, :1]):  # every rank is tied: scipy would divide by zero
        return Friedman(conditions, ranks, 0.0, 1.0)
    found = stats.friedmanchisquare(*table.T)
    return Friedman(conditions, ranks, float(found.statistic), float(found.pvalue))


def nemenyi(mean_ranks: npt.ArrayLike, conditions: int) -> npt.NDArray[np.float64]:
    """P-values of all pairs of students, from their mean ranks; corrected for the number of pairs as it is.

    Args:
        mean_ranks: ``(students,)``, at least two.
        conditions: That were ranked.

    Returns:
        ``(students, students)``, symmetric, 1 on the diagonal.

    Source: Nemenyi, "Distribution-free multiple comparisons", 1963, as in Demšar 2006, §3.2.2.
    """
    ranks = np.asarray(mean_ranks, dtype=np.float64)
    k = len(ranks)
    error = np.sqrt(k * (k + 1) / (6 * conditions))
    distances = np.abs(ranks[:, None] - ranks[None, :]) / error * np.sqrt(2)
    found: npt.NDArray[np.float64] = stats.studentized_range.sf(distances, k, np.inf)
    np.fill_diagonal(found, 1.0)
    return np.minimum(found, 1.0)


def critical_difference(students: int, conditions: int, level: float = 0.05) -> float:
    """Distance of mean ranks from which on Nemenyi's test tells two students apart."""
    critical = float(stats.studentized_range.ppf(1 - level, students, np.inf)) / np.sqrt(2)
    return float(critical * np.sqrt(students * (students + 1) / (6 * conditions)))


def pairwise_wilcoxon(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """P-values of all pairs of students by signed ranks over conditions, Holm-corrected within this family of pairs.

    Args:
        scores: ``(conditions, students)``; a pair is compared under the conditions in which both were measured.

    Returns:
        ``(students, students)``, symmetric, 1 on the diagonal; NaN where a pair shares no condition.
    """
    table = np.asarray(scores, dtype=np.float64)
    students = table.shape[1]
    pairs = list(combinations(range(students), 2))
    raw = [wilcoxon(table[:, a], table[:, b]).p_value for a, b in pairs]
    adjusted = holm([np.nan if p is None else p for p in raw])
    found = np.eye(students)
    for (a, b), p_value in zip(pairs, adjusted, strict=True):
        found[a, b] = found[b, a] = p_value
    return found


def cliques(mean_ranks: Sequence[float], p_values: npt.ArrayLike, level: float = 0.05) -> list[tuple[int, ...]]:
    """Groups of neighbours in rank of whom no two can be told apart: the bars of a critical-difference diagram.

    Args:
        mean_ranks: ``(students,)``.
        p_values: ``(students, students)``; what is NaN was not told apart.
        level: Below which a pair is told apart.

    Returns:
        Indices of the students of each group, best first; groups of one and groups within others are left out.
    """
    apart = np.asarray(p_values, dtype=np.float64) < level
    order = [int(i) for i in np.argsort(mean_ranks, kind="stable")]
    groups: list[tuple[int, ...]] = []
    reached = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and not apart[np.ix_(order[start : end + 1], order[start : end + 1])].any():
            end += 1
        if end - start > 1 and end > reached:
            groups.append(tuple(order[start:end]))
            reached = end
    return groups


def _complete(scores: npt.ArrayLike) -> Scores:
    table = np.asarray(scores, dtype=np.float64)
    return table[~np.isnan(table).any(axis=1)]
