"""The bounds a solver finds are those of the students there are."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from robust_ray.compression.search import smt
from robust_ray.compression.student_space import AVATAR, AVATAR_DOMAIN, COMPRESSOR, Axis, StudentSpace
from robust_ray.core.errors import SweepError
from tests.compression.search.problem import SPACE, students

pytest.importorskip("z3", reason="an optional extra: pip install 'robust-ray[distillers]'")

NO_LENGTH = replace(SPACE, axes=tuple(axis for axis in SPACE.axes if axis.field != "max_length"), sequence=514)
ODD_HEADS = replace(SPACE, axes=(Axis(field="heads", low=2, high=3, options=(1, 7, 12)), *SPACE.axes[1:]))


@pytest.mark.parametrize("space", [SPACE, NO_LENGTH, ODD_HEADS])
@pytest.mark.parametrize("limit_mb", [0.2, 0.35, 0.6, 1.0, 5.0])
def test_they_equal_the_enumerated_ones(space: StudentSpace, limit_mb: float) -> None:
    small = np.array([genes for genes in students(space) if space.size_mb(space.student(genes)) <= limit_mb])
    lowest, highest = small.min(axis=0), small.max(axis=0)
    counted = {axis.field: (lowest[i], highest[i]) for i, axis in enumerate(space.axes)}
    assert smt.bounds(space, limit_mb) == counted


def test_for_3_mb_they_are_the_published_ones() -> None:
    start = time.perf_counter()
    found = smt.bounds(AVATAR_DOMAIN.defects, 3.0)
    assert time.perf_counter() - start < 60
    published = AVATAR.defects
    for field, (low, high) in found.items():
        axis = published.axes[published.index(field)]
        assert (low, high) == (axis.low, axis.high), field
    assert published.within(found) == published


def test_a_space_is_narrowed_by_them() -> None:
    narrowed = COMPRESSOR.clones.within(smt.bounds(COMPRESSOR.clones, 3.0))
    assert narrowed.size < COMPRESSOR.clones.size / 3


def test_a_size_that_no_student_has_is_refused() -> None:
    with pytest.raises(SweepError, match=r"at most 0\.01 MB must be in the space, but none is; allow more"):
        smt.bounds(SPACE, 0.01)
