"""What the user sees while a plan runs: one live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Column, Table

from robust_ray.core.call import StageCall
from robust_ray.core.records import RunRecord
from robust_ray.dispatch.base import Counts, Outcome

PLAIN_INTERVAL = 10.0
"""Seconds between two summary lines where there is no terminal."""


class Display:
    """Per stage: done, cached, failed, and when it will end. Implements :class:`~robust_ray.dispatch.base.Progress`."""

    def __init__(
        self, console: Console, calls: Iterable[StageCall] = (), history: Mapping[str, float] | None = None
    ) -> None:
        """Build from what is known before.

        Args:
            console: Where to.
            calls: Those still to run; more may come.
            history: Seconds of past calls, by :func:`kind` and by stage.
        """
        self.console = console
        self.started = self.spoken = time.monotonic()
        self.counts: Mapping[str, Counts] = {}
        self.left = {call.key: call for call in calls}
        self.running: dict[str, float] = {}
        self.most = 1
        self.history = history or {}
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
        self.left[call.key] = call
        self.running[call.key] = time.monotonic()
        self.most = max(self.most, len(self.running))
        if not self.live:
            self.console.print(f"start  {call.key}", highlight=False, soft_wrap=True)

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        """An attempt has ended, well or not."""
        self.running.pop(call.key, None)
        if outcome.ok:
            self.left.pop(call.key, None)
            for name in (kind(call), call.stage.name):
                self.seconds[name].append(outcome.seconds)
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
        """Time left if each call takes what calls of its kind took, as many at once as ever; ``?`` before one has."""
        by_stage: dict[str, list[float | None]] = defaultdict(list)
        for call in list(self.left.values()):  # the run goes on while a terminal is drawn
            by_stage[call.stage.name].append(self.remaining(call))
        total = 0.0
        for stage, count in list(self.counts.items()):
            open_ = count.waiting + count.running
            costs = by_stage[stage] if open_ else []
            known = [cost for cost in costs if cost is not None]
            if len(known) < len(costs) or open_ and not known:
                return "?"
            total += open_ * sum(known) / max(1, len(known))
        return duration(total / self.most)

    def remaining(self, call: StageCall) -> float | None:
        """Seconds a call will still take, None where nothing like it has run."""
        for names in (self.seconds, self.history):
            for name in (kind(call), call.stage.name):
                if names.get(name):
                    ...
        return None

    def table(self) -> Table:
        """The counts as they stand."""
        table = counts_table(self.counts)
        table.caption = f"{duration(time.monotonic() - self.started)} gone, {self.eta()} left"
        return table
