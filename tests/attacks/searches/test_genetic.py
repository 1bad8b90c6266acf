"""The genetic search with dice and scores written by hand: ``a`` may become ``p`` or ``q``, ``b`` ``r`` or ``s``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, cast

import numpy as np
import pytest

from robust_ray.attacks import Candidate, Genetic, Greedy, Scores, Steps
from robust_ray.attacks.searches.genetic import crossed
from tests.attacks.searching import SOURCE, converse, renames, space

SPACE = replace(space(), names={"a": ("p", "q", "z"), "b": ("r", "s", "z")})
CROSS, MUTATE = 0.1, 0.9
GREEDY = [0.1] * 5, [0.2, 0.15], [0.2, 0.1]
"""Five probes that say nothing; ``a → p`` helps; nothing more for ``b``."""


class Dice:
    """A random generator that throws what it is told."""

    def __init__(self, *throws: float | Sequence[int]) -> None:
        self._throws = iter(throws)

    def random(self) -> Any:
        return next(self._throws)

    def integers(self, high: int, size: int | None = None) -> Any:
        thrown = next(self._throws)
        assert np.max(thrown) < high
        assert np.shape(thrown) == (() if size is None else (size,))
        return thrown


def search(*, children: int = 2, paper_mode: bool = False) -> Genetic:
    return Genetic(Greedy(2, paper_mode=paper_mode), children=children, crossover=0.5, paper_mode=paper_mode)


def follow(steps: Steps, *answers: Sequence[float]) -> Iterator[list[Candidate]]:
    """The batches of a search that is answered so, up to the first without an answer."""
    batch = next(steps)
    for values in answers:
        yield list(batch)
        assert len(batch) == len(values)
        batch = steps.send(Scores(np.array(values), np.zeros(len(values), dtype=np.bool_)))
    yield list(batch)


def after_greedy(dice: Dice, *answers: Sequence[float], paper_mode: bool = False) -> list[list[dict[str, str]]]:
    """What is renamed in the batches after the greedy search."""
    probes, *others = GREEDY
    asked = [[0.1] * paper_mode + probes, *others]
    steps = search(paper_mode=paper_mode).steps(SPACE, cast(np.random.Generator, dice))
    return [renames(batch) for batch in islice(follow(steps, *asked, *answers), 3, None)]


def test_starts_from_the_name_that_the_greedy_search_kept() -> None:
    dice = Dice(MUTATE, [0, 0], 0, 0, MUTATE, [0, 0], 0, 0)
    first, _ = after_greedy(dice, [0.2])
    assert first == [{"a": "p"}], "what is no different from the original is not asked"


def test_goes_straight_on_where_the_greedy_search_kept_nothing() -> None:
    dice = Dice(MUTATE, [2, 0], 1, 0, MUTATE, [0, 1], 0, 1)
    steps = search().steps(SPACE, cast(np.random.Generator, dice))
    *_, batch = follow(steps, [0.1] * 5, [0.1, 0.1], [0.1, 0.1])
    assert renames(batch) == [{"b": "r"}, {"a": "q"}]


def test_a_mutant_gets_one_name_and_leaves_its_parent_as_it_is() -> None:
    dice = Dice(MUTATE, [1, 0], 0, 1, MUTATE, [1, 0], 1, 0)
    _, born = after_greedy(dice, [0.2])
    assert born == [{"a": "q"}, {"a": "p", "b": "r"}]


def test_a_child_that_equals_a_parent_is_mutated_and_equal_parents_have_none() -> None:
    dice = Dice(CROSS, [1, 0], 1, 1, 1, CROSS, [0, 2])
    _, born = after_greedy(dice, [0.2])
    assert born == [{"a": "p", "b": "s"}]


def test_a_child_takes_the_place_of_the_worst_if_it_is_better() -> None:
    dice = Dice(
        *(MUTATE, [2, 0], 1, 0, MUTATE, [2, 0], 1, 1),  # b → r for 0.3, in place of the original; b → s for 0.05
        *(CROSS, [0, 1], 1, CROSS, [1, 1]),  # a of the second, b of the first
        *(MUTATE, [2, 0], 0, 1, MUTATE, [1, 0], 1, 1),  # the child has replaced the third; the second is still there
    )
    *_, second, third = after_greedy(dice, [0.2], [0.3, 0.05], [0.4])
    assert second == [{"a": "p", "b": "r"}]
    assert third == [{"a": "q", "b": "r"}, {"a": "p", "b": "s"}]


def test_one_name_for_two_targets_is_not_asked() -> None:
    greedy = Greedy(3)
    steps = Genetic(greedy, children=1, crossover=0.5).steps(
        SPACE, cast(np.random.Generator, Dice(MUTATE, [1, 0], 1, 2, MUTATE, [0, 0], 1, 2))
    )
    *_, first, born = follow(steps, [0.1] * 5, [0.1, 0.1, 0.2], [0.1, 0.1], [0.2])
    assert renames(first) == [{"a": "z"}]
    assert renames(born) == [{"b": "z"}], "the child that would have made a and b one was passed over"


def test_paper_mode_asks_the_original_twice_again_and_every_member() -> None:
    dice = Dice(MUTATE, [0, 0], 0, 0, MUTATE, [0, 0], 0, 0)
    steps = search(paper_mode=True).steps(SPACE, cast(np.random.Generator, dice))
    probes, _, _, first, _ = follow(steps, [0.1] * 6, [0.2, 0.15], [0.2, 0.1], [0.1, 0.2, 0.1])
    assert probes[0] == first[0] == Candidate(SOURCE.text, is_probe=True)
    assert len(probes) == 6
    assert renames(first[1:]) == [{"a": "p", "b": "b"}, {"a": "a", "b": "b"}]
    assert all(member.is_probe for member in first), "whether they fool the victim is not looked at"


def test_paper_mode_mutates_the_parent_and_replaces_the_member_in_front_of_the_worst() -> None:
    dice = Dice(
        *(MUTATE, [2, 0], 1, 0, MUTATE, [2, 0], 1, 1),  # both are the third member itself, which ends as b → s
        *(CROSS, [1, 2], 0, 1),  # it has replaced the second, not the third: equal parents, mutated to a → q
        *(CROSS, [0, 1], 1),
    )
    first, second, third = after_greedy(dice, [0.1, 0.2, 0.1], [0.15, 0.05], paper_mode=True)
    assert len(first) == 3
    assert second == [{"a": "a", "b": "s"}] * 2
    assert third == [{"a": "q", "b": "b"}]


@pytest.mark.parametrize(("targets", "iterations"), [(["a"], 10), (["a", "b"], 15)])
def test_gives_up_after_five_iterations_for_each_member_and_ten_at_least(targets: list[str], iterations: int) -> None:
    steps = Genetic(Greedy(2), children=3, crossover=0.0).steps(space(targets=targets), np.random.default_rng(0))
    _, *others = converse(steps, lambda candidate: 0.1)
    assert [len(batch) for batch in others] == [2] * len(targets) + [3] * iterations


def test_crossing_takes_one_side_from_each() -> None:
    parent, other = {"a": "1", "b": "2", "c": "3"}, {"a": "4", "b": "5", "c": "6"}
    assert crossed(parent, other, 0) == parent
    assert crossed(parent, other, 2) == {"a": "4", "b": "5", "c": "3"}
