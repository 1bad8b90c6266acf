"""Distances between what goes on in two networks: zero for the same, by hand for small ones, blind to padding."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from robust_ray.compression.distillation._matching_math import relation_distance, state_distance
from robust_ray.metrics import kl_divergence

pytestmark = pytest.mark.torch


def draw(seed: int, *shape: int) -> Tensor:
    """Numbers around zero."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_states_by_hand() -> None:
    ours, theirs = torch.tensor([[[1.0, 2.0], [9.0, 9.0]]]), torch.tensor([[[0.0, 5.0], [0.0, 0.0]]])
    assert float(state_distance(ours, theirs, torch.tensor([[True, False]]))) == pytest.approx((1 + 9) / 2)


def test_relations_of_one_part_by_hand() -> None:
    ours, theirs = draw(0, 1, 4, 1), draw(1, 1, 4, 3)  # widths of 1 and 3 can be cut into one part only
    seen = torch.ones(1, 4, dtype=torch.bool)
    shares = [torch.softmax(each[0] @ each[0].T / each.shape[-1] ** 0.5, -1).numpy() for each in (theirs, ours)]
    assert float(relation_distance(ours, theirs, seen)) == pytest.approx(kl_divergence(*shares).mean(), rel=1e-5)


@given(st.integers(0, 2**31), st.integers(1, 3), st.integers(1, 6), st.sampled_from([4, 6, 12, 32]))
def test_what_goes_on_alike_has_no_distance(seed: int, rows: int, length: int, width: int) -> None:
    states, seen = draw(seed, rows, length, width), torch.ones(rows, length, dtype=torch.bool)
    assert float(state_distance(states, states, seen)) == 0.0
    assert float(relation_distance(states, states, seen)) == pytest.approx(0.0, abs=1e-6)
    assert float(relation_distance(draw(seed + 1, rows, length, 12), states, seen)) >= -1e-6


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 4))
def test_padding_has_no_say(seed: int, length: int, more: int) -> None:
    ours, theirs = draw(seed, 2, length + more, 8), draw(seed + 1, 2, length + more, 4)
    seen = torch.arange(length + more).expand(2, -1) < length
    padded = relation_distance(ours, theirs, seen)
    alone = relation_distance(ours[:, :length], theirs[:, :length], seen[:, :length])
    assert float(padded) == pytest.approx(float(alone), abs=1e-5)


def test_gradients_are_numbers_beside_padding() -> None:
    ours = draw(0, 2, 5, 8).requires_grad_()
    seen = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    both = relation_distance(ours, draw(1, 2, 5, 8), seen) + state_distance(ours, draw(2, 2, 5, 8), seen)
    torch.autograd.backward(both)
    assert ours.grad is not None
    assert torch.isfinite(ours.grad).all()
    assert not ours.grad[1, 2:].any()
