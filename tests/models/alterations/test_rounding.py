"""Rounding: no number goes farther than it must, zeros stay zeros, and gradients pass."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from robust_ray.models.alterations import rounding

pytestmark = pytest.mark.torch

seeds, bits_each = st.integers(0, 2**31), st.integers(2, 8)
scales = st.sampled_from([1e-20, 1e-3, 1.0, 1e4, 1e20])


def drawn(seed: int, scale: float, shape: tuple[int, ...] = (3, 17), shift: float = 0.0) -> Tensor:
    """Normal numbers, with a zero in every row and a row of nothing else."""
    numbers = scale * (torch.randn(shape, generator=torch.Generator().manual_seed(seed)) + shift)
    numbers[..., 0] = 0.0
    numbers[-1] = 0.0
    return numbers


@given(seeds, scales, bits_each, st.sampled_from([-5.0, 0.0, 0.7, 5.0]))
def test_a_grid_is_never_farther_than_half_a_step(seed: int, scale: float, bits: int, shift: float) -> None:
    numbers = drawn(seed, scale, shift=shift)
    step, below = rounding.grid(numbers, bits)
    places = rounding.places(numbers, step, below, bits)
    assert (places + below >= 0).all()
    assert (places + below < 2**bits).all()
    assert ((places * step - numbers).abs() <= step * 0.5001).all()
    assert (places[numbers == 0] == 0).all()
    assert torch.equal(rounding.on_grid(numbers, bits), places * step)


@given(seeds, bits_each)
def test_places_are_found_again(seed: int, bits: int) -> None:
    numbers = drawn(seed, 1.0)
    step, below = rounding.grid(numbers, bits)
    places = rounding.places(numbers, step, below, bits)
    codes = rounding.wrapped(places, bits)
    assert codes.dtype == torch.uint8
    assert (codes.int() < 2**bits).all()
    assert (codes[numbers == 0] == 0).all()
    assert torch.equal(rounding.unwrapped(codes, below.to(torch.uint8), bits), places)


def test_more_bits_are_nearer() -> None:
    numbers = drawn(0, 1.0, (8, 64))
    errors = [float((rounding.on_grid(numbers, bits) - numbers).abs().mean()) for bits in range(2, 9)]
    assert all(fewer > 1.7 * more for fewer, more in itertools.pairwise(errors))


@given(seeds)
def test_nf4_is_the_nearest_of_sixteen(seed: int) -> None:
    numbers = (torch.rand(40, generator=torch.Generator().manual_seed(seed)) * 2 - 1).repeat(2, 1)
    numbers[0, :16] = torch.tensor(rounding.NF4)
    found = rounding.of_nf4(rounding.nearest_nf4(numbers))
    wanted = (numbers[..., None] - torch.tensor(rounding.NF4)).abs().amin(-1)
    assert torch.equal((found - numbers).abs(), wanted)


@given(seeds, st.sampled_from([1e-3, 1.0, 1e4]))
def test_int8_and_float8_keep_to_their_bounds(seed: int, scale: float) -> None:
    numbers = drawn(seed, scale)
    reach = rounding.largest(numbers)
    codes = rounding.int8(numbers, reach)
    assert ((codes * (reach / 127) - numbers).abs() <= reach / 127 * 0.5001).all()
    assert (codes.abs().amax(-1)[:-1] == 127).all()
    small = rounding.float8(numbers, reach).float() * (reach / rounding.LARGEST_FLOAT8)
    finest = reach / rounding.LARGEST_FLOAT8 / 2**9
    assert ((small - numbers).abs() <= torch.maximum(numbers.abs() / 16, finest / 2) * 1.001).all()
    assert (small[numbers == 0] == 0).all()


def test_what_is_beyond_a_range_is_cut_off() -> None:
    assert rounding.int8(torch.tensor([-9.0, -2.0, 0.6, 2.0, 9.0]), 2.0).tolist() == [-127, -127, 38, 127, 127]
    far = rounding.float8(torch.tensor([-9.0, 9.0]), torch.tensor(2.0)).float()
    assert far.tolist() == [-rounding.LARGEST_FLOAT8, rounding.LARGEST_FLOAT8]


@given(st.integers(1, 30), st.one_of(st.none(), st.integers(1, 40)))
def test_groups_lose_nothing(count: int, size: int | None) -> None:
    numbers = torch.arange(2 * count).view(2, count)
    groups = rounding.grouped(numbers, size)
    size = min(size or count, count)
    assert groups.shape == (2, -(-count // size), size)
    assert torch.equal(rounding.ungrouped(groups, count), numbers)


def test_gradients_pass_straight_through() -> None:
    numbers = torch.tensor([0.1, 1e8, -3.3], requires_grad=True)
    rounded = rounding.straight_through(numbers, torch.tensor([0.2, 7.0, -1e-9]))
    (rounded * torch.tensor([1.0, 2.0, 3.0])).sum().backward()  # type: ignore[no-untyped-call]
    assert rounded.tolist() == torch.tensor([0.2, 7.0, -1e-9]).tolist()
    assert numbers.grad is not None
    assert numbers.grad.tolist() == [1.0, 2.0, 3.0]
