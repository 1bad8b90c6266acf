"""The search, without Optuna and without Ray: from a trial to a compression, from rows to numbers."""

from robust_ray.search.checks import check
from robust_ray.search.measures import METRICS, Metric, Rows
from robust_ray.search.points import locate, restore
from robust_ray.search.reading import Pair, Reading, measure
from robust_ray.search.rungs import goes_on
from robust_ray.search.settings import Bound, Objective, Quantity, Search
from robust_ray.search.space import BRANCH, Trial, branches, compressions, suggest

__all__ = [
    "BRANCH",
    "METRICS",
    "Bound",
    "Metric",
    "Objective",
    "Pair",
    "Quantity",
    "Reading",
    "Rows",
    "Search",
    "Trial",
    "branches",
    "check",
    "compressions",
    "goes_on",
    "locate",
    "measure",
    "restore",
    "suggest",
]
