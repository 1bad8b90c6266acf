"""Runs a plan on this machine, one call after another: in this process, or beside it where that might not survive.

It might not survive a call that may have to be ended, for it has a time limit, or at which a process has died before.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from robust_ray.core.call import StageCall
from robust_ray.dispatch.attempt import Outcome, was_cut_short
from robust_ray.dispatch.base import Feed, Progress, Report, Run
from robust_ray.dispatch.settings import Settings
from robust_ray.dispatch.worker import Child, worker
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
                continue
            this.started(call)
            if was_cut_short(call, store):
                this.ended(call, _attempt_apart(call, store, settings, this.shortages(call)))
            else:
                this.ended(call, attempt(call, this.shortages(call)))
    return this.report()


def _attempt_apart(call: StageCall, store: Store, settings: Settings, shortages: int) -> Outcome:
    """Make an attempt in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="robust-ray-") as folder:
        child = Child(store, settings, Path(folder))
        try:
            return child.attempt(call, shortages)
        finally:
            child.close()
