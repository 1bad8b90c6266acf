"""Fronts and hypervolumes: a table of known cases, the definition, and a Monte-Carlo check in three dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robust_ray.core.arrays import FloatArray
from robust_ray.metrics import hypervolume, pareto_front

clouds = st.integers(1, 3).flatmap(
    lambda k: arrays(np.float64, st.tuples(st.integers(1, 12), st.just(k)), elements=st.integers(0, 5).map(float))
)


@pytest.mark.parametrize(
    ("losses", "front"),
    [
        ([[1, 2], [2, 1]], [True, True]),
        ([[1, 2], [1, 3]], [True, False]),
        ([[1, 1], [1, 1]], [True, True]),
        ([[3, 3], [1, 4], [4, 1], [2, 2]], [False, True, True, True]),
        (np.zeros((0, 2)), []),
    ],
)
def test_front(losses: list[list[float]], front: list[bool]) -> None:
    assert pareto_front(losses).tolist() == front


@given(clouds)
def test_every_point_is_on_the_front_or_dominated_by_one_that_is(losses: FloatArray) -> None:
    front = pareto_front(losses)
    assert front.any()
    for point in losses[~front]:
        better = (losses[front] <= point).all(axis=1) & (losses[front] < point).any(axis=1)
        assert better.any()


@pytest.mark.parametrize(
    ("losses", "reference", "volume"),
    [
        ([[1, 1]], [3, 4], 6.0),
        ([[1, 2], [2, 1]], [3, 3], 3.0),
        ([[1, 2], [2, 1], [2, 2], [5, 0]], [3, 3], 3.0),
        ([[0, 0, 0], [0, 0, 0]], [2, 2, 2], 8.0),
        ([[0, 0, 1], [1, 1, 0]], [2, 2, 2], 5.0),
        (np.zeros((0, 2)), [1, 1], 0.0),
    ],
)
def test_volume(losses: list[list[float]], reference: list[float], volume: float) -> None:
    assert hypervolume(losses, reference) == pytest.approx(volume)


@given(clouds)
def test_only_the_front_has_volume(losses: FloatArray) -> None:
    reference = np.full(losses.shape[1], 6.0)
    assert hypervolume(losses[pareto_front(losses)], reference) == pytest.approx(hypervolume(losses, reference))


def test_volume_in_three_dimensions_is_the_share_of_random_points_it_dominates() -> None:
    rng = np.random.default_rng(0)
    losses, probes = rng.random((8, 3)), rng.random((40_000, 3))
    dominated = np.any(np.all(losses[None] <= probes[:, None], axis=2), axis=1)
    assert hypervolume(losses, np.ones(3)) == pytest.approx(dominated.mean(), abs=0.01)


def test_what_was_not_measured_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="without NaN"):
        pareto_front([[1.0, float("nan")]])
    with pytest.raises(ValueError, match="reference must be 2"):
        hypervolume([[1.0, 1.0]], [1.0])
