"""A victim's answers, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input
from robust_ray.core.victim import Answers, Encoding


class Counter:
    """A victim that reads at most eight characters, and writes down the batches it was sent."""

    n_labels = 2
    mask_token = "<mask>"

    def __init__(self, *, batch_invariant: bool = True) -> None:
        self.batch_invariant = batch_invariant
        self.batches: list[list[int]] = []

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        read = ["".join(segments)[:8] for segments in inputs]
        return [Encoding(tuple(map(ord, text)), len(text)) for text in read]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        self.batches.append([encoding.length for encoding in encodings])
        return np.array([answer(encoding) for encoding in encodings])


def answer(encoding: Encoding) -> list[float]:
    assert isinstance(encoding.ids, tuple)
    share = (sum(encoding.ids) % 97) / 97
    return [share, 1 - share]


def expected(texts: Sequence[str]) -> FloatArray:
    return np.array([answer(encoding) for encoding in Counter().encode([(text,) for text in texts])]).reshape(-1, 2)


texts = st.lists(st.text("abc", min_size=1, max_size=12), max_size=40)


@settings(deadline=None)
@given(texts, st.integers(1, 40), st.booleans())
def test_answers_do_not_depend_on_batches(asked: list[str], max_batch_tokens: int, batch_invariant: bool) -> None:
    victim = Counter(batch_invariant=batch_invariant)
    got = Answers(victim, max_batch_tokens).ask([(text,) for text in asked])
    np.testing.assert_array_equal(got.probabilities, expected(asked))
    assert got.computed.sum() == len({text[:8] for text in asked}) == sum(map(len, victim.batches))


@settings(deadline=None)
@given(texts, st.integers(1, 40))
def test_batches_are_bounded_and_sorted_by_length(asked: list[str], max_batch_tokens: int) -> None:
    victim = Counter()
    Answers(victim, max_batch_tokens).ask([(text,) for text in asked])
    assert all(len(batch) * max(batch) <= max_batch_tokens or len(batch) == 1 for batch in victim.batches)
    lengths = [length for batch in victim.batches for length in batch]
    assert lengths == sorted(lengths)


def test_batches_are_as_large_as_they_may_be() -> None:
    victim = Counter()
    Answers(victim, max_batch_tokens=6).ask([("a",), ("b",), ("c",), ("dd",), ("ee",), ("ffff",), ("gggggggg",)])
    assert victim.batches == [[1, 1, 1], [2, 2], [4], [8]]


@settings(deadline=None)
@given(texts)
def test_a_victim_that_minds_its_neighbours_is_asked_one_at_a_time(asked: list[str]) -> None:
    victim = Counter(batch_invariant=False)
    Answers(victim).ask([(text,) for text in asked])
    assert all(len(batch) == 1 for batch in victim.batches)


def test_what_the_victim_reads_alike_is_computed_once() -> None:
    victim = Counter()
    got = Answers(victim).ask([("abcdefgh",), ("abcdefghXX",), ("abcd", "efgh"), ("x",)])
    assert got.computed.tolist() == [True, False, False, True]
    assert victim.batches == [[1, 8]]
    assert (got.probabilities[0] == got.probabilities[1]).all()


def test_what_was_answered_is_remembered() -> None:
    victim = Counter()
    answers = Answers(victim)
    first = answers.ask([("a",), ("b",)])
    second = answers.ask([("c",), ("b",), ("a",)])
    assert second.computed.tolist() == [True, False, False]
    assert victim.batches == [[1, 1], [1]]
    np.testing.assert_array_equal(second.probabilities[:0:-1], first.probabilities)


def test_nothing_asked_is_nothing_answered() -> None:
    victim = Counter()
    got = Answers(victim).ask([])
    assert (got.probabilities.shape, got.computed.shape, victim.batches) == ((0, 2), (0,), [])


def test_a_victim_that_answers_too_little_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counter, "predict", lambda self, encodings: np.zeros((1, 2)))
    with pytest.raises(ValueError, match="zip"):
        Answers(Counter()).ask([("a",), ("b",)])


def test_no_number_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counter, "predict", lambda self, encodings: np.full((len(encodings), 2), np.nan))
    with pytest.raises(ValueError, match="a probability that is not a number"):
        Answers(Counter()).ask([("a",)])


def test_what_an_earlier_run_answered_is_not_computed(tmp_path: Path) -> None:
    first, second = Counter(), Counter()
    inputs = [("a",), ("b",), ("a",)]
    before = Answers(first, cache=AnswerCache(tmp_path, "v")).ask(inputs)
    after = Answers(second, cache=AnswerCache(tmp_path, "v")).ask([*inputs, ("c",)])
    np.testing.assert_array_equal(after.probabilities[:3], before.probabilities)
    assert after.computed.tolist() == [False, False, False, True]
    assert second.batches == [[1]]


class Queue(Counter):
    """A victim that computes while its caller goes on, and writes down what happened in which order."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def launch(self, encodings: Sequence[Encoding]) -> Callable[[], FloatArray]:
        name = "".join(chr(encoding.ids[0]) for encoding in encodings)  # type: ignore[index]
        self.events.append(f"launch {name}")

        def wait() -> FloatArray:
            self.events.append(f"wait {name}")
            return self.predict(encodings)

        return wait


def test_the_next_batch_is_launched_before_an_answer_is_waited_for() -> None:
    victim, inputs = Queue(), [("a",), ("bb",), ("ccc",)]
    got = Answers(victim, max_batch_tokens=1).ask(inputs)
    np.testing.assert_array_equal(got.probabilities, expected(["a", "bb", "ccc"]))
    assert victim.events == ["launch a", "launch b", "wait a", "launch c", "wait b", "wait c"]


def test_whoever_is_stopped_answers_nothing_more() -> None:
    victim = Counter()
    answers = Answers(victim, max_batch_tokens=1)
    answers.stop()
    with pytest.raises(CancelledError, match="nobody waits"):
        answers.ask([("a",), ("b",)])
    assert len(victim.batches) == 1
