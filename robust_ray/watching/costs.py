"""What a plan still costs before it runs, and where that number comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

from rich.table import Table

from robust_ray.console import duration, known_part, number_table
from robust_ray.core.call import StageCall
from robust_ray.dispatch import Settings
from robust_ray.plan import Plan
from robust_ray.watching.history import History

UNKNOWN = "unknown"


class Cost(NamedTuple):
    """What is known of the calls of one stage, or of all, that are not in the store."""

    stage: str
    calls: int
    cached: int
    seconds: float
    """Of a worker, for the calls of which it is known."""

    cpu_hours: float
    """Cores held times hours, likewise."""

    gpu_hours: float
    sources: Mapping[str, int]
    """:data:`~robust_ray.watching.history.NEARNESS` or :data:`UNKNOWN` → calls whose time is known from there."""

    accelerators: frozenset[str]
    """On which that was measured."""

    @property
    def missing(self) -> int:
        """Calls to run."""
        return self.calls - self.cached


def costs(plan: Plan, present: Collection[str], history: History, settings: Settings) -> list[Cost]:
    """The cost of each stage of a plan, stages in order."""
    return [_cost(stage, calls, present, history, settings) for stage, calls in plan.stages().items()]


def total(found: Collection[Cost]) -> Cost:
    """Of all stages together."""
    return Cost(
        "all",
        sum(cost.calls for cost in found),
        sum(cost.cached for cost in found),
        sum(cost.seconds for cost in found),
        sum(cost.cpu_hours for cost in found),
        sum(cost.gpu_hours for cost in found),
        sum((Counter(cost.sources) for cost in found), Counter[str]()),
        frozenset().union(*(cost.accelerators for cost in found)),
    )


def cost_table(found: Collection[Cost]) -> Table:
    """A line a stage, and one for all."""
    table = number_table("stage", "calls", "in store", "to run", "worker", "CPU-h", "GPU-h", "known from")
    table.columns[-1].justify = "left"
    for cost in (*found, total(found)):
        counts = (cost.calls, cost.cached, cost.missing)
        times = (duration(cost.seconds), _hours(cost.cpu_hours), _hours(cost.gpu_hours))
        sources = ", ".join(f"{name} {count}" for name, count in cost.sources.items())
        unknown = cost.sources.get(UNKNOWN, 0)
        shown = (known_part(time, unknown, cost.missing) if cost.missing else "·" for time in times)
        table.add_row(cost.stage, *map(str, counts), *shown, sources)
    return table


def _cost(
    stage: str, calls: Collection[StageCall], present: Collection[str], history: History, settings: Settings
) -> Cost:
    missing = [call for call in calls if call.key not in present]
    estimates = [(settings.shape_of(call), history.estimate(call)) for call in missing]
    known = [(shape, estimate) for shape, estimate in estimates if estimate is not None]
    return Cost(
        stage,
        len(calls),
        len(calls) - len(missing),
        sum(estimate.seconds for _, estimate in known),
        sum(shape.cpu * estimate.seconds for shape, estimate in known) / 3600,
        sum(shape.gpu * estimate.seconds for shape, estimate in known) / 3600,
        Counter(UNKNOWN if estimate is None else estimate.nearness for _, estimate in estimates),
        frozenset(estimate.accelerator for _, estimate in known),
    )


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}" if hours >= 10 else f"{hours:.2f}"
