"""Which weights go: as many as asked for, to the element, and really the lowest."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import prune

from robust_ray.compression.pruning._weight_math import lowest, lowest_of_groups, lowest_of_rows

pytestmark = pytest.mark.torch

sizes = st.tuples(st.integers(1, 6), st.integers(1, 9))
seeds = st.integers(0, 2**31)
types = st.sampled_from([torch.float32, torch.bfloat16, torch.float64])


def draw(size: tuple[int, int], seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Scores of which many are equal and some are minus infinity."""
    numbers = torch.randint(-3, 4, size, generator=torch.Generator().manual_seed(seed)).to(dtype)
    return numbers.masked_fill(numbers == -3, -torch.inf)


@given(st.lists(sizes, min_size=1, max_size=4), st.floats(0, 1), seeds, types)
def test_lowest_is_exact_and_really_the_lowest(
    sizes: list[tuple[int, int]], share: float, seed: int, dtype: torch.dtype
) -> None:
    scores = [draw(size, seed + i, dtype) for i, size in enumerate(sizes)]
    masks = lowest(scores, share)
    chosen = torch.cat([score[mask] for score, mask in zip(scores, masks, strict=True)])
    rest = torch.cat([score[~mask] for score, mask in zip(scores, masks, strict=True)])
    assert [mask.shape for mask in masks] == [score.shape for score in scores]
    assert len(chosen) == round(share * sum(score.numel() for score in scores))
    assert not len(chosen) or not len(rest) or chosen.max() <= rest.min()


@given(st.floats(0.01, 0.99), seeds)
def test_lowest_magnitudes_are_the_choice_of_torch(share: float, seed: int) -> None:
    torch.manual_seed(seed)
    layers = [nn.Linear(7, 5), nn.Linear(5, 3)]
    masks = lowest([layer.weight.detach().abs() for layer in layers], share)
    prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=share)
    for layer, mask in zip(layers, masks, strict=True):
        assert torch.equal(layer.get_buffer("weight_mask").bool(), ~mask)


@given(sizes, st.floats(0, 1), seeds)
def test_rows_lose_their_lowest_and_all_the_same(size: tuple[int, int], share: float, seed: int) -> None:
    scores = draw(size, seed)
    mask = lowest_of_rows(scores, share)
    counts = mask.sum(1)
    assert int(counts.sum()) == round(share * scores.numel())
    assert int(counts.max() - counts.min()) <= 1
    for row, gone, count in zip(scores, mask, counts.tolist(), strict=True):
        assert torch.equal(row[gone].sort().values, row.sort().values[:count])


@given(sizes, st.integers(2, 5), st.data())
def test_each_group_keeps_its_highest(size: tuple[int, int], group: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, group - 1))
    scores = torch.rand(size, generator=torch.Generator().manual_seed(data.draw(seeds)))
    mask = lowest_of_groups(scores, count, group)
    for row, gone in zip(scores, mask, strict=True):
        for neighbours, absent in zip(row.split(group), gone.split(group), strict=True):
            kept = min(group - count, len(neighbours))
            assert int((~absent).sum()) == kept
            assert torch.equal(neighbours[~absent].sort().values, neighbours.sort().values[-kept:])


def test_of_equal_scores_the_first_go() -> None:
    scores = torch.ones(2, 4)
    assert lowest([scores], 0.25)[0].tolist() == [[True, True, False, False], [False] * 4]
    assert lowest_of_rows(scores, 0.25).tolist() == [[True, False, False, False]] * 2
    assert lowest_of_groups(scores, 1, 2).tolist() == [[True, False, True, False]] * 2
