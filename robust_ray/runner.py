"""One run of a sweep, from the file's object to the exit status: the edge where everything meets."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from robust_ray.console import duration, say, warning_lines
from robust_ray.core.call import StageCall
from robust_ray.core.errors import DataError, SweepError, gist
from robust_ray.core.records import DatasetRecord
from robust_ray.dispatch import Feed, Report, Settings, serial
from robust_ray.plan import Plan, expand, survey_of
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.tasks import Task
from robust_ray.watching.display import Display, counts_table
from robust_ray.watching.failures import grouped
from robust_ray.watching.history import History
from robust_ray.watching.interrupt import STATUS, interruptible
from robust_ray.watching.pilot import pilot as pilot_of

if TYPE_CHECKING:
    from robust_ray.dispatch.optuna import Front, StudyFeed


def run(
    sweep: Sweep,
    *,
    on: str,
    address: str | None,
    console: Console,
    verbose: bool = False,
    pilot: bool = False,
) -> int:
    """Run what is missing of a sweep; returns the exit status: 0 only if every call succeeded.

    Args:
        sweep: What to run.
        on: ``ray`` or ``serial``.
        address: Of a running Ray cluster; null for a private one.
        console: Where to print.
        verbose: Print a line for each call.
        pilot: Run only what makes the cost of the rest known, a call of every kind, and of every stage on every model,
            that never ran.

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
    settings = Settings.of(sweep, store, plan.calls.values())
    history = History.of(store if missing else None, plan.calls.values(), settings)
    feed = None if pilot else _feed(sweep, store)
    calls = pilot_of(plan, present, history) if pilot else list(plan.calls.values())
    to_run = [call for call in calls if call.key not in present]
    with Display(console, to_run, history, verbose=verbose, searches=feed is not None) as display:
        how = on if missing or feed else "serial"  # to import Ray alone takes seconds
        with _searched(plan, store, feed):
            report = _dispatch(how, calls, store, settings, display, feed, address)
    if report is None:
        return STATUS
    _tell(report, store, console)
    warn(sweep, store, console)
    if feed is not None and sweep.search is not None:
        for front in feed.fronts():
            console.print(front_table(front, [objective.name for objective in sweep.search.objectives]))
            for line in front_lines(front):
                say(console, line)
    return 0 if report.ok else 1


def _feed(sweep: Sweep, store: Store) -> StudyFeed | None:
    if sweep.search is None:
        return None
    from robust_ray.dispatch.optuna import StudyFeed

    return StudyFeed(sweep, store)


@contextmanager
def _searched(plan: Plan, store: Store, feed: StudyFeed | None) -> Iterator[None]:
    """However the run ends, let others have the studies, and what they have measured be part of the sweep's plan."""
    try:
        yield
    finally:
        if feed is not None:
            feed.close()
            measured = feed.keys & store.present()
            store.put_plan(plan.sweep.name, plan.document() | {"keys": sorted(plan.calls.keys() | measured)})


def _dispatch(
    on: str,
    calls: Sequence[StageCall],
    store: Store,
    settings: Settings,
    display: Display,
    feed: Feed | None,
    address: str | None,
) -> Report | None:
    """How the run ended; None when the user has ended it."""

    def farewell() -> None:
        counts = display.counts.values()
        there, calls = sum(count.done + count.cached for count in counts), sum(count.total for count in counts)
        display.interrupt(f"stopped; {there} of {calls} calls are in {store.uri}, the same command goes on from there")

    with interruptible(farewell), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about what the user did not write
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        try:
            if on == "serial":
                return serial.run(calls, store, settings, progress=display, feed=feed)
            from robust_ray.dispatch import tune

            return tune.run(calls, store, settings, progress=display, feed=feed, address=address)
        except BaseException:  # a library may have made anything of the interruption
            if not display.interrupted:
                raise
            return None


def _sound(plan: Plan, store: Store, console: Console) -> set[str]:
    """Keys in the store; what is not what was committed is not trusted, but put aside and computed again."""
    present = store.present()
    damaged = store.damaged([call.ref for call in plan.calls.values() if call.key in present])
    for ref in damaged:
        store.discard(ref)
        say(console, f"damaged, computed again: {ref.key}")
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
    for group in grouped(report.failures, report.causes):
        say(console, group.line())
    if not report.ok:
        say(console, "the same command tries these again; `robust-ray status` with --log KEY prints all that KEY said")
    say(console, f"{duration(report.seconds)}; rows and checkpoints are in {store.uri}")


def warn(sweep: Sweep, store: Store, console: Console) -> None:
    """What is to be known of the data behind every number."""
    for i, task in enumerate(sweep.tasks):
        call = survey_of(task)
        rows = store.rows(call.ref) if store.has(call.ref) else []
        surveyed = [row for row in rows if isinstance(row, DatasetRecord)]
        for line in warning_lines(f"tasks[{i}] {task.type}", surveyed):
            say(console, line)


def front_table(front: Front, objectives: Sequence[str]) -> Table:
    """The settings nothing else beats, with what was measured of them and how far the attacked examples decide it."""
    title = f"Pareto front: {front.model} on {front.tasks}; in brackets 95 % intervals"
    table = Table("settings", *(Column(name, no_wrap=True) for name in objectives), title=title, box=None)
    for point in front.points:
        numbers = (_number(value, ends) for value, ends in zip(point.values, point.intervals, strict=True))
        table.add_row(Text(point.settings), *numbers)
    return table


def front_lines(front: Front) -> list[str]:
    """What a front does not show: that there is none, and what could not be measured, by reason."""
    reasons: dict[str, list[str]] = {}
    for reason in front.given_up:
        reasons.setdefault(gist(reason), []).append(reason)
    empty = [] if front.points else ["no proposal could be measured and keeps every constraint"]
    return [*empty, *(f"proposals given up: {len(same)}, as {same[0]}" for same in reasons.values())]


def _number(value: float, ends: tuple[float, float] | None) -> Text:
    words = [f"{each:,.0f}" if abs(each) >= 1000 else f"{each:.4g}" for each in (value, *(ends or ()))]
    return Text(words[0] if ends is None else f"{words[0]} [{words[1]}, {words[2]}]")
