from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from robust_ray.attacks.pool import Pool, Request
from robust_ray.core.arrays import FloatArray
from robust_ray.core.victim import Answer, Encoding
from tests.fakes import BagOfNames


def ask(pool: Pool, *questions: Request) -> list[Answer]:
    answers = pool.ask(questions)
    assert all(isinstance(answer, Answer) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Answer)]


def test_an_example_computes_equal_inputs_once() -> None:
    pool = Pool(BagOfNames(), 1000)
    (first,) = ask(pool, Request("u", [("a b",), ("a, b",), ("c",)]))
    (again,) = ask(pool, Request("u", [("c",), ("d",)]))
    assert first.computed.tolist() == [True, False, True]
    assert again.computed.tolist() == [False, True]


def test_the_count_of_one_example_does_not_depend_on_another() -> None:
    first, twin = ask(Pool(BagOfNames(), 1000), Request("u", [("a",)]), Request("v", [("a",)]))
    assert first.computed.tolist() == twin.computed.tolist() == [True]
    np.testing.assert_array_equal(first.probabilities, twin.probabilities)


def test_questions_share_batches() -> None:
    victim = BagOfNames()
    ask(Pool(victim, 1000), *(Request(str(i), [(f"a{i}",), (f"b{i} c",)]) for i in range(10)))
    assert [len(batch) for batch in victim.batches] == [20]


def test_a_victim_that_minds_its_neighbours_is_asked_one_at_a_time() -> None:
    victim = BagOfNames(batch_invariant=False)
    ask(Pool(victim, 1000), Request("u", [("a",), ("b",)]))
    assert [len(batch) for batch in victim.batches] == [1, 1]


def test_what_breaks_the_victim_is_the_answer_to_the_question_that_did() -> None:
    pool = Pool(BagOfNames(poison="bad"), 2)
    good, bad = pool.ask([Request("u", [("a",)]), Request("v", [("b b b",), ("bad bad bad bad",)])])
    assert isinstance(good, Answer)
    assert good.computed.tolist() == [True], "an answer that was lost with its batch counts as not yet computed"
    assert isinstance(bad, RuntimeError)


def test_forgets() -> None:
    pool = Pool(BagOfNames(), 1000)
    ask(pool, Request("u", [("a",)]), Request("v", [("a",)]))
    pool.forget({"u"})
    first, second = ask(pool, Request("u", [("a",)]), Request("v", [("a",)]))
    assert (first.computed.tolist(), second.computed.tolist()) == ([True], [False])


class Full(BagOfNames):
    """A victim on a GPU that somebody else has filled."""

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        raise MemoryError("no room for this batch")


def test_a_machine_without_memory_is_not_the_examples_fault() -> None:
    with pytest.raises(MemoryError, match="no room"):
        Pool(Full(), 1000).ask([Request("u", [("a",)]), Request("v", [("b",)])])
