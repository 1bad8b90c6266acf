"""What every dispatcher has in common: settings, the decisions about each outcome, and the report.

A dispatcher asks :class:`Run` for a call, has :func:`execute` make an attempt somewhere, and tells the run what became
of it. Which call comes next, what is tried again, and what is given up is decided here, once.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from robust_ray.core.call import StageCall
from robust_ray.core.machine import Machine, Warm
from robust_ray.core.paths import user_path
from robust_ray.dispatch.attempt import Outcome
from robust_ray.dispatch.frontier import Counts, Frontier, State
from robust_ray.store import Store

if TYPE_CHECKING:
    from robust_ray.sweep import Sweep


BATCH_TOKENS = {"cpu": 2048, "cuda": 16384}
"""Device → padded tokens in one forward pass: few enough for a processor's cache, enough to fill a GPU."""


class Shape(NamedTuple):
    """What one call holds while it runs."""

    cpu: float = 1.0
    gpu: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How calls run, never what they compute."""

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """Stage → resources of one call; one core where a stage is not named."""

    max_batch_tokens: int | None = None
    """Padded tokens in one forward pass at most; None for what suits the device."""

    in_flight: int = 64
    """Examples attacked at once within a call."""

    answers: Path | None = None
    """Folder in which answers of victims outlive a call."""

    retries: int = 1
    """Further attempts at a call that failed for no fault of the user's."""

    @classmethod
    def of(cls, sweep: Sweep) -> Settings:
        """Those of a sweep."""
        return cls(
            shapes={stage: Shape(held.cpu, held.gpu) for stage, held in sweep.resources.items()},
            max_batch_tokens=sweep.max_batch_tokens,
            in_flight=sweep.in_flight,
            answers=None if sweep.answers is None else user_path(sweep.answers),
            retries=sweep.retries,
        )

    def shape_of(self, call: StageCall) -> Shape:
        """What a call holds while it runs."""
        return self.shapes.get(call.stage.name, Shape())

    def machine(self, call: StageCall, warm: Warm) -> Machine:
        """What a call may use, in the process that asks: the same under every dispatcher."""
        shape = self.shape_of(call)
        gpus = min(math.ceil(shape.gpu), _gpus()) if shape.gpu else 0
        device = "cuda" if gpus else "cpu"
        return Machine(
            device=device,
            devices=max(1, gpus),
            threads=max(1, int(shape.cpu)),
            max_batch_tokens=self.max_batch_tokens or BATCH_TOKENS[device],
            in_flight=self.in_flight,
            answers=self.answers,
            warm=warm,
        )


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
    skipped: list[str]
    """Keys of calls never tried because something they need failed."""

    seconds: float
    """Wall time of the run."""

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
    ) -> None:
        self.settings = settings
        self._frontier = Frontier(calls, present=store.present(), shape_of=settings.shape_of)
        self._progress = progress
        self._feed = feed
        self._failed_attempts = Counter[str]()
        self._damages = Counter[str]()
        self._failures: list[Failure] = []
        self._started = time.monotonic()
        self._tell_counts()

    def next(self, full: Collection[Shape] = ()) -> StageCall | None:
        """The next call to run, or None: while its inputs are being made, or because all is :meth:`finished`.

        Args:
            full: Shapes of which no further call is wanted now.
        """
        self._advance()
        return self._frontier.next_ready(full)

    def finished(self) -> bool:
        """Whether every call has ended and the feed adds no more."""
        self._advance()
        return self._frontier.finished

    def started(self, call: StageCall) -> None:
        """An attempt begins."""
        if self._progress:
            self._progress.on_start(call)
        self._tell_counts()

    def ended(self, call: StageCall, outcome: Outcome) -> None:
        """Judge an attempt: done, its damaged input first, once more, or given up."""
        if outcome.ok:
            self._frontier.done(call.key)
        elif not self._mend(call, outcome):
            self._failed_attempts[call.key] += 1
            if outcome.users or self._failed_attempts[call.key] > self.settings.retries:
                self._failures.append(Failure(call.key, str(outcome.error)))
                self._frontier.failed(call.key)
            else:
                self._frontier.retry(call.key)
        if self._progress:
            self._progress.on_end(call, outcome)
        self._tell_counts()

    def report(self) -> Report:
        """How things stand."""
        skipped = self._frontier.keys(State.SKIPPED)
        return Report(self._frontier.counts, self._failures, skipped, time.monotonic() - self._started)

    def _advance(self) -> None:
        if self._feed:
            self._feed.advance(self._frontier)

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


def _gpus() -> int:
    """GPUs this process sees."""
    import torch

    return torch.cuda.device_count()
