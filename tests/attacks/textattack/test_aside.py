from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from robust_ray.attacks.textattack.aside import questions

Ask = Callable[[int], int]


def threads() -> int:
    return sum(thread.name == "textattack" for thread in threading.enumerate())


def test_each_question_is_yielded_and_each_answer_returned() -> None:
    heard = []

    def work(ask: Ask) -> None:
        heard.append(ask(1))
        heard.append(ask(2))

    steps = questions(work, nullcontext)
    assert next(steps) == 1
    assert steps.send(10) == 2
    with pytest.raises(StopIteration):
        steps.send(20)
    assert heard == [10, 20]
    assert not threads()


def test_what_breaks_the_function_surfaces() -> None:
    def work(ask: Ask) -> None:
        ask(1)
        raise LookupError("broken")

    steps = questions(work, nullcontext)
    next(steps)
    with pytest.raises(LookupError, match="broken"):
        steps.send(0)
    assert not threads()


def test_closing_ends_the_function_at_its_question_even_if_it_will_not_have_it() -> None:
    ended = []

    def stubborn(ask: Ask) -> None:
        try:
            while True:
                try:
                    ask(1)
                except BaseException:
                    ask(2)
        finally:
            ended.append(True)

    steps = questions(stubborn, nullcontext)
    next(steps)
    assert threads() == 1
    steps.close()
    assert ended == [True]
    assert not threads()


def test_a_generator_that_is_dropped_leaves_no_thread() -> None:
    def work(ask: Ask) -> None:
        ask(1)

    steps = questions(work, nullcontext)
    next(steps)
    del steps
    assert not threads()


def test_one_that_is_never_started_has_none() -> None:
    def work(ask: Ask) -> None:
        ask(1)

    questions(work, nullcontext).close()
    assert not threads()


def test_it_thinks_only_in_its_turns() -> None:
    log: list[str] = []

    @contextmanager
    def turn() -> Iterator[None]:
        log.append("[")
        yield
        log.append("]")

    def work(ask: Ask) -> None:
        log.append("a")
        ask(1)
        log.append("b")

    steps = questions(work, turn)
    next(steps)
    log.append("host")
    with pytest.raises(StopIteration):
        steps.send(0)
    assert log == ["[", "a", "]", "host", "[", "b", "]"]
