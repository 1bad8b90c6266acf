"""Small numbers in few bits: as few as there are, and none is lost."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.models.alterations.bits import bits_for, pack, packed_bytes, unpack

pytestmark = pytest.mark.torch


@given(st.integers(1, 8).flatmap(lambda bits: st.tuples(st.just(bits), st.lists(st.integers(0, 2**bits - 1)))))
def test_packing_loses_nothing(given_: tuple[int, list[int]]) -> None:
    bits, numbers = given_
    packed = pack(torch.tensor(numbers, dtype=torch.uint8), bits)
    assert packed.dtype == torch.uint8
    assert packed.numel() == packed_bytes(len(numbers), bits) == -(-len(numbers) * bits // 8)
    assert unpack(packed, bits, len(numbers)).tolist() == numbers


def test_the_lowest_bits_come_first() -> None:
    assert pack(torch.tensor([[1, 2], [3, 0]]), 4).tolist() == [0x21, 0x03]
    assert pack(torch.tensor([5, 1, 7]), 3).tolist() == [0b11001101, 0b1]


@pytest.mark.parametrize(("count", "bits"), [(1, 1), (2, 1), (3, 2), (16, 4), (17, 5), (256, 8)])
def test_things_are_told_apart_by_as_few_bits_as_can_be(count: int, bits: int) -> None:
    assert bits_for(count) == bits
