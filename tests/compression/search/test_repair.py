"""Points that are no student become one, and students stay as they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.compression.search import repair
from robust_ray.compression.student_space import AVATAR, Axis, StudentSpace
from robust_ray.models.compact_roberta import CompactRoberta

WIDE = AVATAR.defects


@given(st.integers(0, 2**32 - 1))
def test_what_is_mended_is_a_student_with_the_same_heads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    genes = np.array([axis.sample(rng) for axis in WIDE.axes])
    width, heads = (WIDE.index(field) for field in ("hidden", "heads"))
    for mended in (repair.nearest(WIDE, genes), repair.resampled(WIDE, genes, rng)):
        assert WIDE.is_valid(mended)
        assert WIDE.lower[width] <= mended[width] <= WIDE.upper[width]
        assert np.array_equal(np.delete(mended, width), np.delete(genes, width))
        assert not WIDE.is_valid(genes) or np.array_equal(mended, genes)
    below, rest = genes[width] - genes[width] % genes[heads], genes[width] % genes[heads]
    if WIDE.lower[width] <= below and below + genes[heads] <= WIDE.upper[width]:
        above_is_nearer = rest > genes[heads] - rest
        assert repair.nearest(WIDE, genes)[width] == below + (genes[heads] if above_is_nearer else 0)


def test_heads_change_where_they_divide_no_width() -> None:
    space = StudentSpace(
        axes=(Axis(field="heads", low=5, high=9), Axis(field="hidden", low=16, high=64, step=16)),
        base=CompactRoberta(),
    )
    assert repair.nearest(space, np.array([7.0, 16.0])).tolist() == [6.0, 48.0]
    assert repair.resampled(space, np.array([7.0, 16.0]), np.random.default_rng(0)).tolist() == [6.0, 48.0]


def test_heads_without_an_axis_stay() -> None:
    space = StudentSpace(axes=(Axis(field="hidden", low=16, high=100),), base=CompactRoberta(heads=12))
    assert repair.nearest(space, np.array([50.0])).tolist() == [48.0]
    assert repair.resampled(space, np.array([50.0]), np.random.default_rng(0))[0] % 12 == 0
