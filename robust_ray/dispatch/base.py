"""What every dispatcher has in common: the decisions about each outcome, and the report.

A dispatcher asks :class:`Run` for a call, has :func:`execute` make an attempt somewhere, and tells the run what became
of it. Which call comes next, what is tried again, and what is given up is decided here, once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple, Protocol

from robust_ray.core.call import StageCall
from robust_ray.dispatch.attempt import Outcome, is_there
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.settings import Settings, Shape
from robust_ray.dispatch.states import Counts
from robust_ray.store import Leases, Store, apart

MOST_NODES = 8
"""Nodes that may be lost under one call, as spot machines are, before it is taken to be why."""


class Progress(Protocol):
    """Is told what happens; all calls come from the driver's main thread."""

    def on_start(self, call: StageCall) -> None:
        """An attempt begins."""
        ...

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        """An attempt has ended, well or not."""
        ...

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        """The counts per stage have changed."""
        ...


class Feed(Protocol):
    """Where further calls come from while a run goes on: a search."""

    def advance(self, frontier: Frontier) -> None:
        """Take in what has ended and add what follows from it; nothing added and nothing open means the end."""
        ...


class Failure(NamedTuple):
    """A call that was given up."""

    key: str
    error: str
    """What went wrong in the last attempt, in a line."""


class Report(NamedTuple):
    """How a run ended."""

    counts: Mapping[str, Counts]
    """Per stage."""

    failures: list[Failure]
    causes: Mapping[str, str]
    """Key of a call never tried → key of the failed call it needs."""

    seconds: float
    """Wall time of the run."""

    @property
    def skipped(self) -> list[str]:
        """Keys of calls never tried because something they need failed."""
        return list(self.causes)

    @property
    def ok(self) -> bool:
        """Whether everything asked for is in the store."""
        return not self.failures and not self.skipped


class Run:
    """One run of a plan: hands out calls, judges outcomes, and keeps the account of both."""

    def __init__(
        self,
        calls: Iterable[StageCall],
        store: Store,
        settings: Settings,
        progress: Progress | None = None,
        feed: Feed | None = None,
        leases: Leases | None = None,
    ) -> None:
        """Take up a plan where it stands.

        Args:
            calls: Inputs before what needs them.
            store: Where outputs go.
            settings: How calls run.
            progress: Is told what happens.
            feed: Where further calls come from.
            leases: What other drivers on the store are at; None where there can be none.
        """
        self.settings = settings
        self._store = store
        self._leases = leases
        self._beats = 0
        self._failed_attempts = Counter[str]()
        self._shortages = Counter[str]()
        self._lost_nodes = Counter[str]()
        self._damages = Counter[str]()
        if leases and leases.has_met:
            calls = apart(calls, leases.name)
        self._frontier = Frontier(calls, present=store.present(), shape_of=self._shape_of)
        self._progress = progress
        self._feed = feed
        self._failures: list[Failure] = []
        self._started = time.monotonic()
        self._tell_counts()

    def next(self, worker: Hashable = None, shape: Shape | None = None) -> StageCall | None:
        """The next call to run, or None: while its inputs are being made, or because all is :meth:`finished`.

        What another driver on the store is at comes later: then it is there, or that driver is dead.

        Args:
            worker: Who asks; it is given what it need not load anything for, where there is such a call.
            shape: What it holds; None for whoever can hold anything.
        """
        self._advance()
        while (call := self._frontier.next_ready(worker, shape)) is not None and not self._is_ours(call):
            self._tell_counts()
        return call

    def ready(self) -> Mapping[Shape, int]:
        """Shape → calls whose inputs are there and that nobody is at."""
        self._advance()
        return self._frontier.ready

    def gone(self, worker: Hashable) -> None:
        """A worker asks no more."""
        self._frontier.gone(worker)

    def shortages(self, call: StageCall) -> int:
        """How many of its attempts have lacked memory, so that the next is to have more or to do with less."""
        return self._shortages[call.key]

    def finished(self) -> bool:
        """Whether every call has ended and the feed adds no more."""
        self._advance()
        return self._frontier.finished

    def wait(self) -> None:
        """For other drivers, where nothing runs here: until a call may be ready, or all may have ended."""
        if self._leases and not self._frontier.finished:
            self._leases.wait()

    def started(self, call: StageCall) -> None:
        """An attempt begins."""
        if self._leases:
            self._leases.begin(call.key)
        if self._progress:
            self._progress.on_start(call)
        self._tell_counts()

    def ended(self, call: StageCall, outcome: Outcome, *, is_node_lost: bool = False) -> None:
        """Judge an attempt: done, its damaged input first, once more, or given up.

        Args:
            call: What was tried.
            outcome: What became of it.
            is_node_lost: Whether its machine went, of which no call is the cause.
        """
        if self._leases:
            self._leases.release(call.key)
        if outcome.ok:
            self._frontier.done(call.key)
        elif not self._mend(call, outcome):
            outcome = self._judge(call, outcome, is_node_lost)
        if self._progress:
            self._progress.on_end(call, outcome)
        self._tell_counts()

    def report(self) -> Report:
        """How things stand."""
        seconds = time.monotonic() - self._started
        return Report(self._frontier.counts, self._failures, self._frontier.causes(), seconds)

    def _judge(self, call: StageCall, outcome: Outcome, is_node_lost: bool) -> Outcome:
        """Try a call once more, or give it up.

        An attempt that differs from the one before is no repetition, and does not count as one: it is on another node,
        has more memory or needs less, or knows what to beware of.
        """
        relief = self.settings.relief(call, self._shortages[call.key]) if outcome.lacked_memory else None
        if is_node_lost and self._lost_nodes[call.key] < MOST_NODES:
            self._lost_nodes[call.key] += 1
        elif relief:
            self._shortages[call.key] += 1
            outcome = outcome._replace(error=f"once more {relief}, because of {outcome.error}")
        elif not outcome.learned:
            self._failed_attempts[call.key] += 1
        if outcome.users or self._failed_attempts[call.key] > self.settings.retries:
            self._failures.append(Failure(call.key, str(outcome.error)))
            self._frontier.failed(call.key)
        else:
            self._frontier.retry(call.key)
        return outcome

    def _shape_of(self, call: StageCall) -> Shape:
        return self.settings.shape_of(call, self._shortages[call.key])

    def _is_ours(self, call: StageCall) -> bool:
        """Whether a call handed out is this driver's to make: no other has made it meanwhile or is at it."""
        if self._leases is None:
            return True
        if self._leases.has_met and is_there(self._store, call.ref):
            self._frontier.found(call.key)
        elif self._leases.claim(call.key):
            return True
        else:
            self._frontier.postpone(call.key)
        return False

    def _look_after(self, leases: Leases) -> None:
        """What another driver was at is there by now, or left for us to make."""
        for call in self._frontier.postponed():
            if is_there(self._store, call.ref):
                self._frontier.found(call.key)
            elif not leases.is_elsewhere(call.key):
                self._frontier.retry(call.key)

    def _advance(self) -> None:
        if self._feed:
            self._feed.advance(self._frontier)
        if self._leases and self._leases.beats != self._beats:
            self._beats = self._leases.beats
            self._look_after(self._leases)

    def _mend(self, call: StageCall, outcome: Outcome) -> bool:
        """Have a damaged input made again, as often as an attempt may fail: a disk may damage whatever is written.

        What several calls at once have found damaged was damaged once.
        """
        damaged = outcome.damaged
        if damaged is None:
            return False
        if self._frontier.is_there(damaged):
            if self._damages[damaged] > self.settings.retries:
                return False
            self._damages[damaged] += 1
        return self._frontier.requeue(call.key, damaged)

    def _tell_counts(self) -> None:
        if self._progress:
            self._progress.on_change(self._frontier.counts)
