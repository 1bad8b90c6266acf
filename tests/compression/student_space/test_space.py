"""A space: genes and students, one to the other; all it hands out is valid."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from robust_ray.compression.student_space import (
    AVATAR,
    AVATAR_CODEBERT,
    AVATAR_DOMAIN,
    COMPRESSOR,
    COMPRESSOR_3MB,
    COMPRESSOR_25MB,
    MORPH,
    Axis,
    StudentSpace,
    flops,
    parameter_count,
    size_mb,
)
from robust_ray.core.errors import SweepError
from robust_ray.models import CompactRoberta

SPACES = [
    space for published in (COMPRESSOR, AVATAR, AVATAR_DOMAIN, MORPH) for space in (published.clones, published.defects)
]
every_space = pytest.mark.parametrize("space", SPACES)


@every_space
def test_samples_are_students_of_the_space(space: StudentSpace) -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        genes = space.sample(rng)
        student = space.student(genes)
        assert space.is_valid(genes)
        assert (space.genes(student) == genes).all()
        assert (space.snap(genes) == genes).all()
        assert (genes >= space.lower).all()
        assert (genes <= space.upper).all()


@pytest.mark.parametrize("space", [*SPACES, replace(AVATAR.clones, counts_distances=True)])
def test_corners_are_the_smallest_and_the_largest(space: StudentSpace) -> None:
    rng = np.random.default_rng(4)
    smallest, largest = map(space.size_mb, space.corners())
    assert all(smallest <= space.size_mb(space.student(space.sample(rng))) <= largest for _ in range(20))


@every_space
def test_samples_depend_on_the_generator_alone(space: StudentSpace) -> None:
    first, again, other = (space.sample(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


@every_space
def test_neighbours_are_valid_and_one_step_away(space: StudentSpace) -> None:
    genes = space.sample(np.random.default_rng(2))
    steps = np.array([axis.step for axis in space.axes])
    neighbours = space.neighbours(genes)
    assert neighbours
    for neighbour in neighbours:
        moved = np.abs(neighbour - genes) / steps
        assert np.flatnonzero(moved).size == 1
        assert moved.max() == pytest.approx(1)
        assert any(genes.tolist() == back.tolist() for back in space.neighbours(neighbour))
        space.student(neighbour)


def test_a_corner_has_neighbours_on_one_side_only() -> None:
    space = COMPRESSOR.clones
    assert len(space.neighbours(space.lower)) == len(space.axes)


def test_invalid_points_are_seen_and_refused() -> None:
    space = AVATAR.defects
    genes = space.genes(AVATAR_CODEBERT.defects)
    genes[space.index("heads")] = 7
    assert not space.is_valid(genes)
    with pytest.raises(SweepError, match=r"`hidden` must be a multiple of 7 heads, but got 18"):
        space.student(genes)


def test_what_no_axis_is_for_stays_as_it_is() -> None:
    space = COMPRESSOR.defects
    student = space.student(space.lower)
    sizes = {axis.field: getattr(student, axis.field) for axis in space.axes}
    assert sizes == {"heads": 1, "hidden": 16, "intermediate": 32, "layers": 1, "vocabulary": 1000}
    assert replace(space.base, **sizes) == student


def test_counts_as_the_papers_do_or_as_it_is() -> None:
    student = AVATAR_CODEBERT.defects
    assert AVATAR.defects.parameter_count(student) == parameter_count(student, positions=351)
    assert parameter_count(student) - parameter_count(student, positions=351) == 2 * student.hidden
    assert AVATAR.defects.size_mb(student) == size_mb(student, positions=351)
    assert AVATAR.defects.flops(student) == flops(student) == flops(student, tokens=351)
    assert COMPRESSOR.clones.flops(COMPRESSOR_3MB.clones) == flops(COMPRESSOR_3MB.clones, tokens=514)


def test_narrower_bounds() -> None:
    space = AVATAR.clones.within({"hidden": (16, 64), "heads": (3, 5)})
    index = space.index("hidden")
    assert (space.lower[index], space.upper[index]) == (16, 64)
    assert space.size < AVATAR.clones.size
    assert 3 <= space.student(space.sample(np.random.default_rng(0))).heads <= 5
    with pytest.raises(SweepError, match=r"field 'hiden': the space has no such axis; did you mean 'hidden'\?"):
        space.within({"hiden": (16, 64)})
    with pytest.raises(SweepError, match=r"whole steps must lead up from 64 to 16"):
        space.within({"hidden": (64, 16)})
    with pytest.raises(SweepError, match=r"a `hidden` that is a multiple of its `heads`, but has none"):
        space.within({"hidden": (17, 17), "heads": (3, 5)})


def test_refuses_axes_that_are_none() -> None:
    axis = Axis(field="layers", low=1, high=2)
    with pytest.raises(SweepError, match=r"axis 'layer': a student has no such field; did you mean 'layers'\?"):
        StudentSpace(axes=(replace(axis, field="layer"),), base=CompactRoberta())
    with pytest.raises(SweepError, match=r"one for each field at most, but got \['layers', 'layers'\]"):
        StudentSpace(axes=(axis, axis), base=CompactRoberta())


def test_a_student_outside_is_refused() -> None:
    with pytest.raises(SweepError, match=r"axis 'heads': a value must be one of 1, 2, 4, 8, but got 16"):
        COMPRESSOR.clones.genes(COMPRESSOR_25MB.clones)


def test_needs_no_torch() -> None:
    code = "import sys, robust_ray.compression.student_space as s; s.COMPRESSOR.of(2); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
