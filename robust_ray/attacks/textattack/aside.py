"""A function that asks and waits, turned into a generator that yields its questions.

The function runs in a thread of its own, but never at the same time as whoever drives the generator: each waits while
the other thinks. That is how a search written as plain calls becomes one of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class _Stop(BaseException):
    """No answer will come; a ``BaseException``, lest the function take it for an error it may handle."""


@dataclass(frozen=True)
class _End:
    """The function has returned, or raised."""

    error: BaseException | None


def questions(
    work: Callable[[Callable[[Q], A]], None], turn: Callable[[], AbstractContextManager[None]]
) -> Generator[Q, A, None]:
    """What ``work`` asks, one after the other.

    Args:
        work: Called once with a function that asks; it returns the answer.
        turn: Entered whenever ``work`` goes on, left when it asks or returns.

    Yields:
        Each question; to be sent its answer. Closing the generator ends ``work`` at the question it waits for.

    Raises:
        BaseException: whatever ``work`` raises.
    """
    asked: SimpleQueue[Q | _End] = SimpleQueue()
    answered: SimpleQueue[A | _Stop] = SimpleQueue()
    is_stopped = threading.Event()

    def ask(question: Q) -> A:
        if is_stopped.is_set():
            raise _Stop
        asked.put(question)
        answer = answered.get()
        if isinstance(answer, _Stop):
            raise answer
        return answer

    def run() -> None:
        try:
            work(ask)
        except BaseException as error:
            asked.put(_End(error))
        else:
            asked.put(_End(None))

    thread = threading.Thread(target=run, name="textattack", daemon=True)
    try:
        with turn():
            thread.start()
            question = asked.get()
        while not isinstance(question, _End):
            answer = yield question
            with turn():
                answered.put(answer)
                question = asked.get()
        if question.error is not None:
            raise question.error
    finally:
        if thread.is_alive():
            # No turn is waited for: a generator that was dropped may be closed in the turn of another.
            is_stopped.set()
            answered.put(_Stop())
            thread.join()
