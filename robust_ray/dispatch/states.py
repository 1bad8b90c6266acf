"""Where a call of a run stands, and how many of a stage stand where."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """Where a call stands; the values name the fields of :class:`Counts`."""

    WAITING = "waiting"
    """For its inputs, or to be handed out."""

    RUNNING = "running"
    """Handed out."""

    ELSEWHERE = "elsewhere"
    """Handed out by another driver on the same store."""

    DONE = "done"
    CACHED = "cached"
    """Complete in the store before this run, or by the hand of another driver."""

    FAILED = "failed"
    SKIPPED = "skipped"
    """Never tried, because something it needs failed."""


OPEN = frozenset({State.WAITING, State.RUNNING, State.ELSEWHERE})
THERE = frozenset({State.DONE, State.CACHED})
HOPELESS = frozenset({State.FAILED, State.SKIPPED})


@dataclass
class Counts:
    """How many calls of one stage stand where."""

    waiting: int = 0
    running: int = 0
    elsewhere: int = 0
    done: int = 0
    cached: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All calls of the stage."""
        return self.ended + self.waiting + self.running + self.elsewhere

    @property
    def ended(self) -> int:
        """Calls of which nothing more is expected."""
        return self.done + self.cached + self.failed + self.skipped
