"""What the user sees while a plan runs: one live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import mean, median
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Column, Table

from robust_ray.core.call import StageCall
from robust_ray.core.records import DatasetRecord, RunRecord
from robust_ray.dispatch import Counts, Outcome

PLAIN_INTERVAL = 10.0
"""Seconds between two summary lines where there is no terminal."""


class Display:
    """Per stage: done, cached, failed, and when it will end. Implements :class:`~robust_ray.dispatch.base.Progress`."""

    def __init__(self, console: Console, calls: Iterable[StageCall], history: Mapping[str, float]) -> None:
        """Build from what is known before.

        Args:
            console: Where to print.
            calls: Those to run; more may come.
            history: Seconds of past calls, by :func:`kind`.
        """
        self.console = console
        self.history = history
        self.started = self.spoken = time.monotonic()
        self.counts: Mapping[str, Counts] = {}
        self.left = {call.key for call in calls}
        self.running: dict[str, float] = {}
        self.at_once = 1
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.live = (
            Live(get_renderable=self.table, console=console, refresh_per_second=4, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()

    def on_start(self, call: StageCall) -> None:
        """An attempt begins."""
        self.left.add(call.key)
        self.running[call.key] = time.monotonic()
        self.at_once = max(self.at_once, len(self.running))
        if not self.live:
            self.console.print(f"start  {call.key}", highlight=False, soft_wrap=True)

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        """An attempt has ended, well or not."""
        self.left.discard(call.key)
        self.running.pop(call.key, None)
        if outcome.ok:
            self.seconds[kind(call.key)].append(outcome.seconds)
        if not self.live:
            word = "done  " if outcome.ok else "FAILED"
            sentence = "" if outcome.ok else f": {outcome.error}"
            line = f"{word} {call.key} ({outcome.seconds:.1f} s){sentence}"
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        """The counts per stage have changed."""
        self.counts = counts
        if not self.live and time.monotonic() - self.spoken > PLAIN_INTERVAL:
            self.spoken = time.monotonic()
            total = sum(count.total for count in counts.values())
            ended = sum(count.ended for count in counts.values())
            self.console.print(f"{ended} of {total} calls ended, {self.eta()} left", highlight=False)

    def eta(self) -> str:
        """Time left if a call takes what its kind takes, as many at once as ever; ``over`` where a kind is unknown."""
        left = [self.remaining(key) for key in tuple(self.left)]
        known = [seconds for seconds in left if seconds is not None]
        if left and not known:
            return "?"
        open_ = sum(count.waiting + count.running for count in tuple(self.counts.values()))
        share = min(1.0, open_ / max(1, len(left)))  # skipped calls are never told of
        time_left = duration(sum(known) * share / self.at_once)
        return time_left if len(known) == len(left) else f"over {time_left}"

    def remaining(self, key: str) -> float | None:
        """Seconds a call will still take; None where nothing of its kind has run."""
        seen = self.seconds.get(kind(key))
        usual = mean(seen) if seen else self.history.get(kind(key))
        gone = time.monotonic() - self.running.get(key, time.monotonic())
        return None if usual is None else max(0.0, usual - gone)

    def table(self) -> Table:
        """The counts as they stand."""
        table = counts_table(self.counts)
        table.caption = f"{duration(time.monotonic() - self.started)} gone, {self.eta()} left"
        return table


def counts_table(counts: Mapping[str, Counts]) -> Table:
    """Calls per stage, by where they stand."""
    names = ("calls", "done", "cached", "running", "failed", "skipped")
    table = number_table("stage", *names)
    for stage, count in tuple(counts.items()):
        numbers = (count.total, count.done, count.cached, count.running, count.failed, count.skipped)
        table.add_row(stage, *(str(n) if n else "·" for n in numbers))
    return table


def number_table(first: str, *others: str) -> Table:
    """A table of names, and numbers set right."""
    return Table(first, *(Column(name, justify="right") for name in others), box=None)


def warning_lines(task: str, rows: Iterable[DatasetRecord]) -> list[str]:
    """What the survey of a task's data warns of."""
    return [f"WARNING {task}: {line}" for row in rows for line in row.warnings]


def history(runs: Iterable[RunRecord]) -> dict[str, float]:
    """Median seconds of past calls, by :func:`kind` and by stage."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        if run.outcome == "done":
            for name in (kind(run.key), run.stage):
                seconds[name].append(run.seconds)
    return {name: median(values) for name, values in seconds.items()}


def kind(key: str) -> str:
    """``attack-mhm`` of ``attack-mhm-v1-…``: calls that take about as long."""
    return key.rsplit("-v", 1)[0]


def duration(seconds: float) -> str:
    """``75`` → ``1m 15s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
