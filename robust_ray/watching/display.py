"""What the user sees while a plan runs: one live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from robust_ray.console import duration, known_part, number_table, say
from robust_ray.core.call import StageCall
from robust_ray.core.errors import gist
from robust_ray.dispatch import Counts, Outcome
from robust_ray.watching.history import History

PLAIN_INTERVAL = 10.0
"""Seconds between two summary lines where there is no terminal."""


class Display:
    """Per stage: done, cached, failed, and when it will end. Implements :class:`~robust_ray.dispatch.base.Progress`."""

    def __init__(
        self,
        console: Console,
        calls: Iterable[StageCall],
        history: History,
        *,
        verbose: bool = False,
        searches: bool = False,
    ) -> None:
        """Build from what is known before.

        Args:
            console: Where to print.
            calls: Those to run; more may come.
            history: How long calls have taken.
            verbose: Print a line for each call, too.
            searches: Whether a search adds calls, nobody knows how many.
        """
        self.console = console
        self.history = history
        self.verbose = verbose
        self.searches = searches
        self.interrupted = False
        self.started = self.spoken = time.monotonic()
        self.counts: Mapping[str, Counts] = {}
        self.expected: dict[str, str] = {}
        self.alike = Counter[str]()
        self.samples: dict[str, StageCall] = {}
        self.running: dict[str, tuple[StageCall, float]] = {}
        self.at_once = 1
        self.reasons = Counter[str]()
        for call in calls:
            self._expect(call)
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
        self._expect(call)
        self.running[call.key] = (call, time.monotonic())
        self.at_once = max(self.at_once, len(self.running))
        if self.verbose:
            say(self.console, f"start  {call.key}")

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        """An attempt has ended, well or not."""
        if call.key in self.expected:
            self.alike[self.expected.pop(call.key)] -= 1
        self.running.pop(call.key, None)
        if outcome.ok and outcome.seconds:
            self.history.learn(call, outcome.seconds)
        if outcome.ok and self.verbose:
            say(self.console, f"done   {call.key} ({outcome.seconds:.1f} s)")
        elif not outcome.ok:
            self._complain(call, outcome)

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        """The counts per stage have changed."""
        self.counts = counts
        if self.interrupted:  # a library has caught the first exception
            raise KeyboardInterrupt
        if not self.live and time.monotonic() - self.spoken > PLAIN_INTERVAL:
            self.spoken = time.monotonic()
            say(self.console, self.summary())

    def interrupt(self, line: str) -> None:
        """Say a last line, in the midst of whatever is being done."""
        self.interrupted = True
        if self.live:
            self.live.stop()
        with suppress(RuntimeError):  # raised where another line was just being printed
            print(f"robust-ray: {line}", file=sys.stderr)

    def summary(self) -> str:
        """How far it is, in a line."""
        counts = tuple(self.counts.values())
        total, ended = (sum(getattr(count, name) for count in counts) for name in ("total", "ended"))
        failed = sum(count.failed for count in counts)
        failures = f", {failed} of them badly" if failed else ""
        elsewhere = sum(count.elsewhere for count in counts)
        running = f"{len(self.running)} running" + (f", {elsewhere} elsewhere" if elsewhere else "")
        return f"{ended} of {total} calls ended{failures}; {running}, {self.eta()} left"

    def eta(self) -> str:
        """Time left if a call takes what its like takes, as many at once as ever; ``over`` where that is unknown."""
        time_left, unknown, expected = 0.0, 0, 0
        for name, count in tuple(self.alike.items()):
            estimate = self.history.estimate(self.samples[name])
            expected += count
            if estimate:
                time_left += count * estimate.seconds
            else:
                unknown += count
        for call, started in tuple(self.running.values()):
            estimate = self.history.estimate(call)
            time_left -= min(estimate.seconds, time.monotonic() - started) if estimate else 0.0
        still_open = sum(count.total - count.ended for count in tuple(self.counts.values()))
        share = min(1.0, still_open / max(1, expected))  # skipped calls are never told of
        left = duration(time_left * share / self.at_once)
        return known_part(left, unknown + self.searches, expected + self.searches)

    def table(self) -> Table:
        """The counts as they stand."""
        table = counts_table(self.counts)
        table.caption = f"{duration(time.monotonic() - self.started)} gone, {self.eta()} left"
        return table

    def _expect(self, call: StageCall) -> None:
        if call.key not in self.expected:
            self.expected[call.key] = name = self.history.names(call)[0]
            self.alike[name] += 1
            self.samples.setdefault(name, call)

    def _complain(self, call: StageCall, outcome: Outcome) -> None:
        """Say at once what went wrong, of calls that say the same once."""
        reason = gist(str(outcome.error))
        self.reasons[reason] += 1
        if self.verbose or self.reasons[reason] == 1:
            say(self.console, f"FAILED {call.key} ({outcome.seconds:.1f} s): {outcome.error}")


def counts_table(counts: Mapping[str, Counts]) -> Table:
    """Calls per stage, by where they stand; elsewhere is with another driver, where there is one."""
    names = ["total", "done", "cached", "running", "elsewhere", "failed", "skipped"]
    if not any(count.elsewhere for count in tuple(counts.values())):
        names.remove("elsewhere")
    table = number_table("stage", "calls", *names[1:])
    for stage, count in tuple(counts.items()):
        numbers = [getattr(count, name) for name in names]
        table.add_row(stage, *(str(n) if n else "·" for n in numbers))
    return table
