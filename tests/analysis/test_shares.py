"""Many shares at once are the shares one by one, and so are their intervals, up to the dice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.operations import share_interval
from analysis.shares import Shares
from robust_ray.core.arrays import IntArray
from robust_ray.core.examples import generator
from robust_ray.metrics import wilson_interval

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), max_size=30)
"""Group, example, whether it happened."""


def shares_of(rows: list[tuple[int, int, bool]], groups: int = 4) -> Shares:
    """The shares of rows written out."""
    group, example, happened = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    return Shares.of(group, groups, example, happened.astype(np.bool_))


@given(ROWS)
def test_each_share_is_that_of_its_rows_and_lies_in_its_interval(rows: list[tuple[int, int, bool]]) -> None:
    shares = shares_of(rows)
    for group, (n, share, (low, high)) in enumerate(zip(shares.n, shares.values, shares.intervals(), strict=True)):
        hits = [happened for its, _, happened in rows if its == group]
        assert n == len(hits)
        if not hits:
            assert np.isnan([share, low, high]).all()
            continue
        assert share == pytest.approx(np.mean(hits))
        assert 0.0 <= low <= share + 1e-12
        assert share - 1e-12 <= high <= 1.0


def test_where_every_example_occurs_once_the_interval_is_wilsons() -> None:
    shares = shares_of([(0, 0, True), (0, 1, False), (0, 2, False), (1, 0, True)], groups=2)
    assert shares.intervals() == pytest.approx(np.array([wilson_interval(1, 3), wilson_interval(1, 1)]))


def test_of_nothing_and_of_everything_the_interval_is_no_point() -> None:
    """Two examples under three seeds each are two trials, not six."""
    rows = [(group, example, bool(group)) for group in (0, 1) for example in (0, 1) for _ in range(3)]
    assert shares_of(rows, groups=2).intervals() == pytest.approx(
        np.array([wilson_interval(0, 2), wilson_interval(2, 2)])
    )


def repeated(group: int, examples: int, chance: float) -> tuple[IntArray, IntArray, IntArray]:
    """Three seeds on each example, alike on the same example more often than not."""
    rng = generator("test", group)
    likely = np.where(rng.random(examples) < chance, 0.9, 0.1)
    example = np.repeat(np.arange(examples), 3)
    return np.full(len(example), group), example, (rng.random(len(example)) < likely[example]).astype(np.int64)


def test_the_interval_of_repeated_examples_is_that_of_one_share_up_to_dice() -> None:
    parts = [repeated(group, 150, chance) for group, chance in enumerate((0.2, 0.5, 0.8))]
    group, example, happened = (np.concatenate([part[i] for part in parts]) for i in range(3))
    found = Shares.of(group, 3, example, happened.astype(np.bool_)).intervals()
    for i, (_, of_part, hits) in enumerate(parts):
        assert found[i] == pytest.approx(share_interval(hits, of_part), abs=0.015)


def test_a_difference_on_the_same_examples_is_surer_than_two_shares() -> None:
    _, example, happened = repeated(0, 100, 0.5)
    twice = np.concatenate([example, example]), np.concatenate([happened, happened]).astype(np.bool_)
    group = np.repeat([0, 1], len(example))
    same = Shares.of(group, 2, *twice)
    assert same.difference_intervals(np.array([0]), np.array([1])) == pytest.approx(np.zeros((1, 2)))
    apart = Shares.of(group, 2, np.concatenate([example, example + 100]), twice[1])
    low, high = apart.difference_intervals(np.array([0]), np.array([1]))[0]
    assert low < 0 < high


def test_where_nothing_was_asked_there_is_no_number() -> None:
    shares = shares_of([])
    assert np.isnan(shares.values).all()
    assert np.isnan(shares.intervals()).all()
    assert np.isnan(shares.difference_intervals(np.array([0]), np.array([1]))).all()
