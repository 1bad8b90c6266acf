"""Orders and draws that depend on nobody."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.core.examples import Example, generator, stable_order

uids = st.lists(st.text(max_size=8), unique=True, max_size=30)


def examples(names: list[str]) -> list[Example]:
    return [Example(uid=name, segments=("x",), label=0, language="c") for name in names]


@settings(deadline=None)
@given(uids, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_given(names: list[str], random: np.random.Generator) -> None:
    ordered = stable_order(examples(names))
    random.shuffle(names)
    assert stable_order(examples(names)) == ordered
    assert sorted(example.uid for example in ordered) == sorted(names)


@settings(deadline=None)
@given(uids, uids)
def test_more_examples_leave_the_order_of_the_others(some: list[str], more: list[str]) -> None:
    whole = [example.uid for example in stable_order(examples(list({*some, *more})))]
    assert [uid for uid in whole if uid in some] == [example.uid for example in stable_order(examples(some))]


def test_the_order_is_golden() -> None:
    assert [example.uid for example in stable_order(examples(list("abcdef")))] == list("dfcbea")


def test_draws_are_golden() -> None:
    """The dice of every attack: other numbers would be other results under the same key."""
    assert generator("mhm", 0, "example-1").integers(0, 1000, 5).tolist() == [693, 922, 419, 313, 429]


def test_draws_depend_on_every_part_and_its_place() -> None:
    draws = [
        generator(*parts).integers(0, 2**62)
        for parts in [("a", 0, "b"), ("a", 1, "b"), ("a", 0, "c"), ("b", 0, "a"), ("a0", "b"), ("a", "0b"), ("a",)]
    ]
    assert len(set(draws)) == len(draws)
    assert generator("a", 0, "b").integers(0, 2**62) == draws[0]
