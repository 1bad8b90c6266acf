"""Ctrl-C: the first ends the work in good order, the second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STATUS = 130
"""Exit status after Ctrl-C, as a shell gives it."""


@contextmanager
def interruptible(farewell: Callable[[], None]) -> Iterator[None]:
    """Say farewell at the first Ctrl-C, before whatever is under way is wound up; a second one does not wait for that.

    Where Ctrl-C is somebody else's matter it stays so: in a thread, in a program with a handler of its own, and in the
    background of a shell, which has it ignored.
    """

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, second)
        farewell()
        raise KeyboardInterrupt

    def second(number: int, frame: FrameType | None) -> None:
        os._exit(STATUS)

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
