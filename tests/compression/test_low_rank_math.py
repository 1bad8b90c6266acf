"""The factors of a matrix: how near they are, how large, and of what rank."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from robust_ray.compression._low_rank_math import (
    is_smaller,
    nearest_of_rank,
    rank_of_energy,
    rank_of_ratio,
    take_apart,
)

pytestmark = pytest.mark.torch

SIZES = st.integers(1, 12)


def matrix(outputs: int, inputs: int, seed: int) -> Tensor:
    return torch.randn(outputs, inputs, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@given(SIZES, SIZES, SIZES, st.integers(0, 99))
def test_the_squared_error_is_the_energy_left_out(outputs: int, inputs: int, rank: int, seed: int) -> None:
    weight = matrix(outputs, inputs, seed)
    parts = take_apart(weight)
    up, down = nearest_of_rank(parts, rank)
    assert up.shape == (outputs, min(rank, outputs, inputs))
    assert down.shape == (min(rank, outputs, inputs), inputs)
    assert float((up @ down - weight).square().sum()) == pytest.approx(
        float(parts.values[rank:].square().sum()), abs=1e-12
    )


@given(SIZES, SIZES, st.integers(0, 99))
def test_both_factors_are_equally_large(outputs: int, inputs: int, seed: int) -> None:
    up, down = nearest_of_rank(take_apart(matrix(outputs, inputs, seed)), 3)
    torch.testing.assert_close(up.norm(), down.norm())


def test_few_bits_are_taken_apart_with_more() -> None:
    weight = matrix(6, 4, seed=0)
    assert take_apart(weight.bfloat16()).values.dtype == torch.float32
    assert take_apart(weight).values.dtype == torch.float64


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0.01, 0.99))
def test_rank_of_ratio_is_the_largest_that_is_small_enough(outputs: int, inputs: int, ratio: float) -> None:
    rank = rank_of_ratio(outputs, inputs, ratio)
    budget = ratio * outputs * inputs
    assert rank == 1 or rank * (outputs + inputs) <= budget
    assert (rank + 1) * (outputs + inputs) > budget


@given(st.lists(st.floats(1e-3, 10), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_rank_of_energy_is_the_smallest_that_is_near_enough(found: list[float], energy: float) -> None:
    values = torch.tensor(sorted(found, reverse=True), dtype=torch.float64)
    kept = values.square().cumsum(0) / values.square().sum()
    rank = rank_of_energy(values, energy)
    assert kept[rank - 1] >= energy - 1e-12
    assert rank == 1 or kept[rank - 2] < energy + 1e-12


def test_ranks_by_hand() -> None:
    assert rank_of_energy(torch.tensor([3.0, 4.0**0.5, 1.0]), 9 / 14) == 1
    assert rank_of_energy(torch.tensor([3.0, 4.0**0.5, 1.0]), 0.65) == 2
    assert rank_of_energy(torch.zeros(3), 0.9) == 1
    assert rank_of_ratio(768, 768, 0.5) == 192
    assert is_smaller(4, 4, 1)
    assert not is_smaller(4, 4, 2)
