"""``robust-ray status``: how far a sweep is and why calls failed, from any machine that sees its store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from robust_ray.console import duration, known_part, number_table, say
from robust_ray.core.errors import SweepError
from robust_ray.dispatch import Failure
from robust_ray.plan import expand
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.watching import searches
from robust_ray.watching.axes import AXES
from robust_ray.watching.failures import grouped
from robust_ray.watching.standing import Line, Stand, Standing, by_axis, by_stage, in_all, look, time_left

if TYPE_CHECKING:
    from robust_ray.dispatch.optuna import Searched

MOST_RUNNING = 10
"""Running calls that are named."""


def show(sweep: Sweep, axis: str | None, console: Console, *, as_json: bool = False) -> int:
    """Print how far a sweep is; returns the exit status, 0 only if everything planned is in the store and no
    search goes on.

    Args:
        sweep: Which.
        axis: ``model``, ``task``, ``compression`` or ``attack``, for a line each; None for one a stage.
        console: Where to print.
        as_json: Print plain data for other programs instead.
    """
    store = Store.find(sweep.store)
    standing, searched = look(expand(sweep), store), searches.look(sweep, store)
    if as_json:
        print(json.dumps(document(sweep, standing) | {"searches": searches.document(searched)}, indent=1))
    else:
        console.print(progress_table(standing, axis))
        for line in (*searches.sentences(sweep, searched), *sentences(sweep, standing)):
            say(console, line)
    return 0 if _is_over(standing, searched) else 1


def watch(sweep: Sweep, axis: str | None, seconds: float, console: Console) -> int:
    """Print it anew every so many seconds until everything is in the store, or the user has seen enough."""
    plan = expand(sweep)
    is_over = False
    try:
        with Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:
            while not is_over:
                store = Store.find(sweep.store)
                standing, searched = look(plan, store), searches.look(sweep, store)
                is_over = _is_over(standing, searched)
                *others, last = (*searches.sentences(sweep, searched), *sentences(sweep, standing))
                if live:
                    lines = (Text(line, no_wrap=True, overflow="ellipsis") for line in (*others, last))
                    live.update(Group(progress_table(standing, axis), *lines), refresh=True)
                else:
                    say(console, last)
                time.sleep(0 if is_over else seconds)
    except KeyboardInterrupt:  # how one leaves
        pass
    return 0 if is_over else 1


def _is_over(standing: Standing, searched: Sequence[Searched]) -> bool:
    return standing.is_whole and all(search.has_ended for search in searched)


def show_log(key: str, sweep: Sweep, console: Console) -> None:
    """Print all that is known of the attempts at a call.

    Raises:
        SweepError: none has been recorded.
    """
    store = Store.existing(sweep.store)
    runs = sorted(
        store.runs(attempt for attempt in store.attempts() if attempt.key == key), key=lambda run: run.started
    )
    if not runs:
        raise SweepError(
            f"--log: the key of a call that has been tried must be given, but got {key!r}; `robust-ray status` names "
            "those that failed"
        )
    for number, run in enumerate(runs, start=1):
        where = f"on {run.host} ({run.accelerator}), begun {_moment(run.started)}"
        say(console, f"attempt {number} of {len(runs)}: {run.outcome} after {duration(run.seconds)} {where}")
        if run.error is not None:
            say(console, (run.traceback or run.error).rstrip())


def progress_table(standing: Standing, axis: str | None) -> Table:
    """Where the calls of each stage stand, or of each value on an axis."""
    table = number_table(axis or "stage", "calls", *Stand, "left")
    lines = by_stage(standing) if axis is None else by_axis(standing, axis)
    for line in (*lines, in_all(standing)):
        counts = [line.calls, *(line.counts.get(stand, 0) for stand in Stand)]
        table.add_row(line.name, *(str(count) if count else "·" for count in counts), _left(line, standing))
    return table


def sentences(sweep: Sweep, standing: Standing) -> Iterator[str]:
    """Who is at work, what runs, what failed; last how much is there and how long the rest takes."""
    for driver in standing.drivers:
        yield f"a driver is at work on {driver.host} (process {driver.pid}), last seen {duration(driver.silent)} ago"
    running = sorted(standing.running.items(), key=lambda item: -item[1])
    for key, seconds in running[:MOST_RUNNING]:
        yield f"running {key} for {duration(seconds)}"
    if len(running) > MOST_RUNNING:
        yield f"running {len(running) - MOST_RUNNING} more"
    failed = {failure.key: failure for failure in standing.failures}
    for group in grouped((Failure(key, str(each.last.error)) for key, each in failed.items()), standing.causes):
        first = failed[group.keys[0]]
        attempts = f"{first.attempts} attempt{'s' if first.attempts > 1 else ''}"
        last = f"{_moment(first.last.started)} on {first.last.host}"
        yield group.line()
        yield f"    {attempts}, the last {last}; --log {first.key} prints all it said"
    line = in_all(standing)
    listed = "calls" if sweep.search is None else "calls of what the sweep lists"
    there = f"{line.counts.get(Stand.STORED, 0)} of {line.calls} {listed} are in {sweep.store}"
    yield f"{there}{_outlook(standing, line)}"


def document(sweep: Sweep, standing: Standing) -> dict[str, Any]:
    """All of it as plain data."""
    return {
        "sweep": sweep.name,
        "store": sweep.store,
        "stages": _plain(by_stage(standing)),
        **{axis: _plain(by_axis(standing, axis)) for axis in AXES},
        "drivers": [driver._asdict() for driver in standing.drivers],
        "running": standing.running,
        "failures": [
            {"key": key, "attempts": attempts, "error": last.error, "host": last.host, "started": last.started}
            for key, attempts, last in standing.failures
        ],
        "seconds_left": time_left(standing),
        "unknown": in_all(standing).unknown,
    }


def _plain(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [
        {"name": line.name, "calls": line.calls}
        | {stand.value: line.counts.get(stand, 0) for stand in Stand}
        | {"worker_seconds_left": line.seconds, "unknown": line.unknown}
        for line in lines
    ]


def _left(line: Line, standing: Standing) -> str:
    """A line's part of the time left."""
    if not line.open:
        return "·"
    return known_part(duration(line.seconds / max(1, len(standing.running))), line.unknown, line.open)


def _outlook(standing: Standing, line: Line) -> str:
    if not line.open:
        return ""
    left = known_part(duration(time_left(standing)), line.unknown, line.open)
    running = len(standing.running)
    return f"; {left} left, {running} running at once" if running else f"; none runs; {left} left for one worker"


def _moment(started: float) -> str:
    return f"{datetime.fromtimestamp(started):%Y-%m-%d %H:%M:%S}"
