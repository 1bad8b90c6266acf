"""Samples are students, all different, and spread as they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robust_ray.compression.search import design
from robust_ray.compression.student_space import AVATAR, Axis, StudentSpace
from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError
from robust_ray.models.compact_roberta import CompactRoberta
from tests.compression.search.problem import SPACE

Design = Callable[[StudentSpace, int, np.random.Generator], FloatArray]
DESIGNS = (design.at_random, design.latin_hypercube, design.far_apart)


@pytest.mark.parametrize("sample", DESIGNS)
def test_points_are_different_students_and_the_dice_decide(sample: Design) -> None:
    points = sample(AVATAR.clones, 20, np.random.default_rng(1))
    assert points.shape == (20, 13)
    assert len(np.unique(points, axis=0)) == 20
    assert all(AVATAR.clones.is_valid(point) for point in points)
    assert np.array_equal(points, sample(AVATAR.clones, 20, np.random.default_rng(1)))
    assert not np.array_equal(points, sample(AVATAR.clones, 20, np.random.default_rng(2)))


def test_a_hypercube_has_a_point_in_every_part_of_an_axis() -> None:
    points = design.latin_hypercube(AVATAR.clones, 20, np.random.default_rng(0))
    vocabularies = points[:, AVATAR.clones.index("vocabulary")]
    assert sorted((vocabularies - 1000) // (45001 / 20)) == list(range(20))


def test_points_far_apart_lie_farther_apart_than_any() -> None:
    def closest(points: FloatArray) -> float:
        scaled = (points - SPACE.lower) / (SPACE.upper - SPACE.lower)
        apart = np.linalg.norm(scaled[:, None] - scaled[None], axis=2)
        return float(apart[~np.eye(len(points), dtype=bool)].min())

    seeds = range(20)
    far = [closest(design.far_apart(SPACE, 8, np.random.default_rng(seed))) for seed in seeds]
    plain = [closest(design.at_random(SPACE, 8, np.random.default_rng(seed))) for seed in seeds]
    assert np.median(far) > np.median(plain)


@pytest.mark.parametrize("sample", DESIGNS[:2])
def test_a_space_with_fewer_is_refused(sample: Design) -> None:
    space = StudentSpace(axes=(Axis(field="layers", low=1, high=3),), base=CompactRoberta())
    assert len(sample(space, 3, np.random.default_rng(0))) == 3
    with pytest.raises(SweepError, match=r"4 students must be in the space, but it seems to have 3; ask for fewer"):
        sample(space, 4, np.random.default_rng(0))
