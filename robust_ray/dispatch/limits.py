"""Calls that hang: one that outlives its limit is ended together with its process.

Nothing gentler would do: a call may hang inside a C function, holding the interpreter, where no exception reaches it.
Whoever waits for the process takes it for a worker that died, and the call for an attempt that failed.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

RANG = "Timeout ("
"""How the last words begin of a process that was ended here."""

_limit: ContextVar[tuple[float, TextIO] | None] = ContextVar("limit", default=None)
"""What a process has only one of: the time its call may take, and where its last words go."""


@contextmanager
def limited(seconds: float | None, stream: TextIO | None = None) -> Iterator[None]:
    """End this process unless the body ends in time.

    Args:
        seconds: Since now; None for no limit.
        stream: Where the threads' tracebacks go; standard error where there is none.
    """
    if seconds is None:
        yield
        return
    before = _limit.set((seconds, stream or sys.stderr))
    try:
        renew()
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        _limit.reset(before)


def renew() -> None:
    """Give the limited body that calls this, if there is one, as much time once more."""
    if (limit := _limit.get()) is not None:
        seconds, stream = limit
        faulthandler.dump_traceback_later(seconds, exit=True, file=stream)


def reason(died: str, limit: float | None, *, hung: bool) -> str:
    """Why an attempt whose worker died has failed: ``died``, unless it hung until its limit."""
    if limit is None or not hung:
        return died
    return f"the call must end within {limit:g} s, but did not; mend what hangs, or raise its limit in `time_limits`"
