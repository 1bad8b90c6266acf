"""What the user sees while a plan runs: one live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Column, Table

from robust_ray.core.call import StageCall
from robust_ray.dispatch.base import Counts, Outcome

PLAIN_INTERVAL = 10.0
"""Seconds between two summary lines where there is no terminal."""


class Display:
    """Per stage: done, cached, failed, and when it will end. Implements :class:`~robust_ray.dispatch.base.Progress`."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.started = time.monotonic()
        self.spoken = self.started
        self.counts: Mapping[str, Counts] = {}
        self.live = Live(self.table(), console=console, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.update(self.table())
            self.live.stop()

    def on_start(self, call: StageCall) -> None:
        """An attempt begins."""
        if not self.live:
            self.console.print(f"start  {call.key}", highlight=False, soft_wrap=True)

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        """An attempt has ended, well or not."""
        if not self.live:
            word = "done  " if outcome.ok else "FAILED"
            sentence = "" if outcome.ok else f": {outcome.error}"
            line = f"{word} {call.key} ({outcome.seconds:.1f} s){sentence}"
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        """The counts per stage have changed."""
        self.counts = counts
        if self.live:
            self.live.update(self.table())
        elif time.monotonic() - self.spoken > PLAIN_INTERVAL:
            self.spoken = time.monotonic()
            total = sum(count.total for count in counts.values())
            ended = sum(count.ended for count in counts.values())
            self.console.print(f"{ended} of {total} calls ended, {self.eta()} left", highlight=False)

    def eta(self) -> str:
        """Time left if the calls to come are like those that ran."""
        ran = sum(count.done + count.failed for count in self.counts.values())
        left = sum(count.total - count.ended for count in self.counts.values())
        return duration((time.monotonic() - self.started) / ran * left) if ran else "?"

    def table(self) -> Table:
        """The counts as they stand."""
        names = ("calls", "done", "cached", "running", "failed", "skipped")
        table = Table("stage", *(Column(name, justify="right") for name in names), box=None)
        for stage, count in self.counts.items():
            numbers = (count.total, count.done, count.cached, count.running, count.failed, count.skipped)
            table.add_row(stage, *(str(n) if n else "·" for n in numbers))
        table.caption = f"{duration(time.monotonic() - self.started)} gone, {self.eta()} left"
        return table


def duration(seconds: float) -> str:
    """``75`` → ``1m 15s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
