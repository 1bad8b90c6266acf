"""Runs a plan in this process, one call after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from robust_ray.core.call import StageCall
from robust_ray.core.machine import Warm
from robust_ray.dispatch.attempt import execute
from robust_ray.dispatch.base import Feed, Progress, Report, Run, Settings, Shape
from robust_ray.store import Store


def run(
    calls: Iterable[StageCall],
    store: Store,
    settings: Settings,
    *,
    progress: Progress | None = None,
    feed: Feed | None = None,
) -> Report:
    """Run what is missing of a plan.

    Args:
        calls: Inputs before what needs them.
        store: Where outputs go and inputs come from.
        settings: How calls run.
        progress: Is told what happens.
        feed: Where further calls come from.
    """
    this = Run(calls, store, settings, progress, feed)
    warm: defaultdict[Shape, Warm] = defaultdict(Warm)  # a victim loaded for the CPU is of no use on the GPU
    while (call := this.next()) is not None:
        shape = settings.shape_of(call)
        this.started(call)
        outcome = execute(call, store, settings.machine(call, warm[shape]))
        if not outcome.ok:
            warm.clear()  # what is loaded may be why: memory is the usual cause
        this.ended(call, outcome)
    return this.report()
