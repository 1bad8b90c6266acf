"""Which units matter least: counts are exact, no block is left with nothing, gates' derivatives are autograd's."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.compression.pruning._unit_math import gate_gradients, least_important, norms

pytestmark = pytest.mark.torch

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=5)
seeds = st.integers(0, 2**31)


@given(sizes, st.floats(0, 1), seeds, st.booleans())
def test_exactly_so_many_go_and_each_block_keeps_its_best(
    blocks: list[int], share: float, seed: int, has_ties: bool
) -> None:
    dice = torch.Generator().manual_seed(seed)
    scores = [torch.rand(size, generator=dice, dtype=torch.float64) for size in blocks]
    if has_ties:
        scores = [score.round() for score in scores]
    count = round(share * (sum(blocks) - len(blocks)))
    gone = least_important(scores, count)
    assert [mask.shape for mask in gone] == [score.shape for score in scores]
    assert sum(int(mask.sum()) for mask in gone) == count
    for mask, score in zip(gone, scores, strict=True):
        assert not mask.all()
        assert not mask.any() or score[mask].max() <= score[~mask].min()


def test_blocks_are_compared_by_their_quadratic_mean() -> None:
    scores = [torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1e6, 30e6, 50e6])]
    assert [mask.tolist() for mask in least_important(scores, 1)] == [[False] * 3, [True, False, False]]


def test_of_equal_scores_the_first_go() -> None:
    assert [mask.tolist() for mask in least_important([torch.ones(3), torch.zeros(2)], 3)] == [
        [True, True, False],
        [True, False],
    ]


@given(st.integers(1, 4), st.integers(1, 4), st.lists(st.integers(1, 3), max_size=2), seeds)
def test_gate_gradients_are_those_of_gates(units: int, width: int, batch: list[int], seed: int) -> None:
    dice = torch.Generator().manual_seed(seed)
    passing, slopes = torch.rand(2, *batch, 2, units * width, generator=dice, dtype=torch.float64)
    gates = torch.ones(units, dtype=torch.float64, requires_grad=True)
    loss = (slopes * (passing.unflatten(-1, (units, width)) * gates[:, None]).flatten(-2)).sum()
    loss.backward()
    assert gates.grad is not None
    torch.testing.assert_close(gate_gradients(passing, slopes, units), gates.grad)


@given(st.integers(1, 5), st.lists(st.integers(1, 6), min_size=1, max_size=3), seeds)
def test_norms_are_those_of_all_weights_together(units: int, widths: list[int], seed: int) -> None:
    dice = torch.Generator().manual_seed(seed)
    weights = [torch.rand(units, width, generator=dice) for width in widths]
    torch.testing.assert_close(norms(weights), torch.cat(weights, dim=1).double().norm(dim=1))
