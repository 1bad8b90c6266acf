"""Runs a plan on this machine, one call after another: in this process, or beside it where calls have a time limit."""

from __future__ import annotations

from collections.abc import Iterable

from robust_ray.core.call import StageCall
from robust_ray.dispatch.base import Feed, Progress, Report, Run
from robust_ray.dispatch.settings import Settings
from robust_ray.dispatch.worker import worker
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
    with store.leases(settings.beat) as leases, worker(store, settings) as attempt:
        this = Run(calls, store, settings, progress, feed, leases)
        while not this.finished():
            call = this.next()
            if call is None:
                this.wait()
            else:
                this.started(call)
                this.ended(call, attempt(call, this.halvings(call)))
    return this.report()
