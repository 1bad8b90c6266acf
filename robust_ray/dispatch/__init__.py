"""Runs the calls of a plan: ``serial`` in this process, ``tune`` on Ray, fed by ``optuna`` where there is a search."""

from robust_ray.dispatch.attempt import Outcome, execute
from robust_ray.dispatch.base import Failure, Feed, Progress, Report, Run
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.settings import Settings, Shape
from robust_ray.dispatch.states import Counts, State

__all__ = [
    "Counts",
    "Failure",
    "Feed",
    "Frontier",
    "Outcome",
    "Progress",
    "Report",
    "Run",
    "Settings",
    "Shape",
    "State",
    "execute",
]
