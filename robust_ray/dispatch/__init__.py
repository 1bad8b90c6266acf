"""Runs the calls of a plan: ``serial`` in this process, ``tune`` on Ray, fed by ``optuna`` where there is a search."""

from robust_ray.dispatch.base import (
    Counts,
    Failure,
    Feed,
    Frontier,
    Outcome,
    Progress,
    Report,
    Run,
    Settings,
    Shape,
    State,
    execute,
)

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
