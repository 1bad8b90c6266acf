"""Layers are as far apart as can be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.compression.distillation._layers import evenly, spaced


@pytest.mark.parametrize(
    ("students", "teachers", "like"),
    [(4, 12, [2, 5, 8, 11]), (6, 12, [1, 3, 5, 7, 9, 11]), (1, 12, [11]), (3, 3, [0, 1, 2])],
)
def test_the_uniform_map_is_tinyberts(students: int, teachers: int, like: list[int]) -> None:
    assert evenly(students, teachers) == like


@pytest.mark.parametrize(
    ("chosen", "layers", "which"),
    [(6, 12, [0, 2, 4, 7, 9, 11]), (3, 12, [0, 6, 11]), (2, 12, [0, 11]), (1, 12, [0]), (2, 2, [0, 1])],
)
def test_the_first_and_the_last_layer_are_among_those_chosen(chosen: int, layers: int, which: list[int]) -> None:
    assert spaced(chosen, layers) == which


@given(st.integers(1, 48), st.integers(0, 48))
def test_layers_rise_and_none_comes_twice(few: int, more: int) -> None:
    for numbers in (evenly(few, few + more), spaced(few, few + more)):
        assert len(numbers) == few
        assert 0 <= numbers[0] <= numbers[-1] < few + more
        assert all(first < second for first, second in pairwise(numbers))
