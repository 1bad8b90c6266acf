from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from robust_ray.attacks import RandomSearch
from robust_ray.attacks.searches.random_search import draw
from tests.attacks.searching import converse, renames, space

NAMES = [f"n{i}" for i in range(40)]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("queries", [1, 30, 100])
def test_asks_one_program_at_a_time_and_none_twice(queries: int) -> None:
    batches = converse(RandomSearch(queries).steps(space(NAMES), rng()), lambda candidate: 0.1)
    assert [len(batch) for batch in batches] == [1] * queries
    assert len({batch[0].text for batch in batches}) == queries


def test_a_small_space_is_exhausted_early() -> None:
    batches = converse(RandomSearch(1000).steps(space(["x", "y"]), rng()), lambda candidate: 0.1)
    found = {frozenset(renamed.items()) for batch in batches for renamed in renames(batch)}
    assert len(batches) == len(found) == 6, "a has two names, so has b, and both can be changed in two ways"


def test_answers_change_nothing() -> None:
    low = converse(RandomSearch(20).steps(space(NAMES), rng()), lambda candidate: 0.0)
    high = converse(RandomSearch(20).steps(space(NAMES), rng()), lambda candidate: 0.9)
    assert low == high


def test_every_number_of_changes_and_every_target_is_equally_likely() -> None:
    dice, over = rng(), space(NAMES, targets=["f", "a", "b"])
    drawn = [draw(over, dice) for _ in range(3000)]
    numbers = Counter(map(len, drawn))
    targets = Counter(target for renamed in drawn if len(renamed) == 1 for target in renamed)
    assert len(numbers) == len(targets) == 3
    assert all(850 < count < 1150 for count in numbers.values())
    assert all(250 < count < 430 for count in targets.values())


def test_no_two_targets_get_one_name() -> None:
    dice = rng()
    drawn = [draw(space(["x", "y"]), dice) for _ in range(100)]
    assert all(len(set(renamed.values())) == len(renamed) >= 1 for renamed in drawn)
