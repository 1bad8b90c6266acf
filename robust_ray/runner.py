"""One run of a sweep, from the file's object to the exit status: the edge where everything meets."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from robust_ray.console import Display, counts_table, duration, history, warning_lines
from robust_ray.core.errors import DataError, SweepError
from robust_ray.core.records import DatasetRecord
from robust_ray.dispatch import serial
from robust_ray.dispatch.base import Feed, Report, Settings
from robust_ray.plan import Plan, expand, survey_of
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.tasks import Task

if TYPE_CHECKING:
    from robust_ray.dispatch.optuna import StudyFeed
    from robust_ray.dispatch.study import Point


def run(sweep: Sweep, *, on: str, address: str | None, console: Console) -> int:
    """Run what is missing of a sweep; returns the exit status: 0 only if every call succeeded.

    Raises:
        RobustRayError: what can be known to be wrong before any compute is.
    """
    if on == "serial" and address is not None:
        raise SweepError("--address: only --on ray connects to a cluster, but got --on serial; leave one of them out")
    plan = expand(sweep)
    store = Store.open(sweep.store)
    present = _sound(plan, store, console)
    missing = [call for call in plan.calls.values() if call.key not in present]
    if missing or sweep.search is not None:
        for task in sweep.tasks:
            _read(task)
    if sweep.search is None or not store.plans(sweep.name):  # a search's plan is whole only at its end
        store.put_plan(sweep.name, plan.document())
    feed = _feed(sweep, store)
    usual = history(store.runs()) if missing else {}
    with Display(console, missing, usual) as display, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about what the user did not write
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        report = _dispatch(on, plan, store, display, feed, address)
    _tell(report, store, console)
    warn(sweep, store, console)
    if feed is not None and sweep.search is not None:
        measured = feed.keys & store.present()
        store.put_plan(sweep.name, plan.document() | {"keys": sorted(plan.calls.keys() | measured)})
        for front in feed.fronts():
            console.print(
                front_table(
                    front.model, front.task, front.points, [objective.metric for objective in sweep.search.objectives]
                )
            )
    return 0 if report.ok else 1


def _feed(sweep: Sweep, store: Store) -> StudyFeed | None:
    if sweep.search is None:
        return None
    from robust_ray.dispatch.optuna import StudyFeed

    return StudyFeed(sweep, store)


def _dispatch(on: str, plan: Plan, store: Store, display: Display, feed: Feed | None, address: str | None) -> Report:
    calls, settings = plan.calls.values(), Settings.of(plan.sweep)
    if on == "serial":
        return serial.run(calls, store, settings, progress=display, feed=feed)
    from robust_ray.dispatch import tune

    return tune.run(calls, store, settings, progress=display, feed=feed, address=address)


def _sound(plan: Plan, store: Store, console: Console) -> set[str]:
    """Keys in the store; what is not what was committed is not trusted, but put aside and computed again."""
    present = store.present()
    damaged = store.damaged([call.ref for call in plan.calls.values() if call.key in present])
    for ref in damaged:
        store.discard(ref)
        console.print(f"damaged, computed again: {ref.key}", highlight=False, soft_wrap=True)
    return present - {ref.key for ref in damaged}


def _read(task: Task) -> None:
    """Read every split now: a bad row is cheaper to learn of before any training than after."""
    for split in task.splits:
        if not task.load(split):
            raise DataError(
                f"task {task.type!r}: the {split} split must hold examples, but it is empty; check its data"
            )


def _tell(report: Report, store: Store, console: Console) -> None:
    """The table at the end, what failed, and where everything is."""
    console.print(counts_table(report.counts))
    for failure in report.failures:
        console.print(f"FAILED {failure.key}: {failure.error}", highlight=False, markup=False, soft_wrap=True)
    if report.skipped:
        needed = "because something they need failed; the same command tries again"
        console.print(f"{len(report.skipped)} calls were skipped {needed}")
    console.print(
        f"{duration(report.seconds)}; rows and checkpoints are in {store.uri}", highlight=False, soft_wrap=True
    )


def warn(sweep: Sweep, store: Store, console: Console) -> None:
    """What is to be known of the data behind every number."""
    for i, task in enumerate(sweep.tasks):
        call = survey_of(task)
        rows = store.rows(call.ref) if store.has(call.ref) else []
        surveyed = [row for row in rows if isinstance(row, DatasetRecord)]
        for line in warning_lines(f"tasks[{i}] {task.type}", surveyed):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def front_table(model: str, task: str, points: Sequence[Point], metrics: Sequence[str]) -> Table:
    """The settings nothing else beats, with what was measured of them."""
    table = Table("settings", *metrics, title=f"Pareto front: {model} on {task}", box=None)
    for point in points:
        settings = ", ".join(f"{name}={value}" for name, value in point.params.items())
        table.add_row(settings, *(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" for value in point.values))
    return table
