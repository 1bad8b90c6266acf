"""Tests, effect sizes and corrections: arrays in, named numbers out. scipy first; ours is only what it lacks.

Two students are compared on the same examples, so the tests of two are paired. Seeds of one example are not independent
of one another: give one value an example (its mean over seeds, or :func:`robust_ray.metrics.bootstrap_interval` with
clusters for an interval).
"""

from analysis.statistics.effects import Magnitude, a12, cliffs_delta, magnitude, odds_ratio, rank_biserial
from analysis.statistics.families import holm
from analysis.statistics.pairs import McNemar, Signed, mcnemar, wilcoxon
from analysis.statistics.ranks import Friedman, cliques, critical_difference, friedman, nemenyi, pairwise_wilcoxon
from analysis.statistics.survival import Curve, kaplan_meier, logrank

__all__ = [
    "Curve",
    "Friedman",
    "Magnitude",
    "McNemar",
    "Signed",
    "a12",
    "cliffs_delta",
    "cliques",
    "critical_difference",
    "friedman",
    "holm",
    "kaplan_meier",
    "logrank",
    "magnitude",
    "mcnemar",
    "nemenyi",
    "odds_ratio",
    "pairwise_wilcoxon",
    "rank_biserial",
    "wilcoxon",
]
