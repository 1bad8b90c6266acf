"""A few numbers for many: each stands for those near it, zero for zeros alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from robust_ray.compression._sharing_math import codebook, places

pytestmark = pytest.mark.torch

NUMBERS = st.lists(st.floats(-8, 8, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3), min_size=1, max_size=60)
CLUSTERS = st.integers(2, 9)


def shared(values: Tensor, clusters: int) -> Tensor:
    entries = codebook(values, clusters)
    return entries[places(values, entries).long()]


@given(NUMBERS, CLUSTERS)
def test_there_are_as_many_numbers_as_asked(found: list[float], clusters: int) -> None:
    values = torch.tensor(found).view(-1, 1)
    entries = codebook(values, clusters)
    assert entries.shape == (clusters,)
    assert torch.equal(entries, entries.sort().values)
    assert places(values, entries).shape == values.shape
    assert len(torch.unique(shared(values, clusters))) <= clusters


@given(NUMBERS, CLUSTERS)
def test_zeros_stay_and_are_none_more(found: list[float], clusters: int) -> None:
    values = torch.tensor([*found, 0.0])
    entries = codebook(values, clusters)
    assert 0.0 in entries
    chosen = shared(values, clusters)
    assert (chosen[values == 0] == 0).all()
    if (entries != 0).any():
        assert (chosen[values != 0] != 0).all()


@given(NUMBERS, CLUSTERS)
def test_few_numbers_stand_for_themselves(found: list[float], clusters: int) -> None:
    values = torch.tensor([found[i % min(len(found), clusters)] for i in range(3 * len(found))])
    assert torch.equal(shared(values, clusters), values + 0.0)


@given(NUMBERS, CLUSTERS)
def test_each_number_has_the_entry_nearest_to_it(found: list[float], clusters: int) -> None:
    values = torch.tensor([x for x in found if x] or [1.0])
    entries = codebook(values, clusters)
    nearest = (values[:, None] - entries).abs().min(1).values
    torch.testing.assert_close((shared(values, clusters) - values).abs(), nearest)


@given(NUMBERS, CLUSTERS)
def test_each_entry_is_the_mean_of_what_it_stands_for(found: list[float], clusters: int) -> None:
    values = torch.tensor([x for x in found if x] or [1.0])
    chosen = shared(values, clusters)
    for entry in torch.unique(chosen):
        torch.testing.assert_close(values[chosen == entry].double().mean().float(), entry, rtol=1e-4, atol=1e-5)


def test_clusters_by_hand() -> None:
    values = torch.tensor([[-1.0, -0.8, 0.0], [0.1, 1.9, 2.1]])
    entries = codebook(values, 4)
    torch.testing.assert_close(entries, torch.tensor([-0.9, 0.0, 0.1, 2.0]))
    assert places(values, entries).tolist() == [[0, 0, 1], [2, 3, 3]]


def test_nothing_but_zeros() -> None:
    assert torch.equal(shared(torch.zeros(2, 3), 4), torch.zeros(2, 3))


def test_more_clusters_are_nearer() -> None:
    values = torch.randn(2000, generator=torch.Generator().manual_seed(0))
    errors = [float((shared(values, clusters) - values).square().mean()) for clusters in (2, 4, 16, 64, 256)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == pytest.approx(1 - 2 / torch.pi, rel=0.1)  # the best that two numbers can do for a normal one


def test_a_number_format_is_kept() -> None:
    values = torch.randn(50, generator=torch.Generator().manual_seed(0)).bfloat16()
    assert codebook(values, 4).dtype == torch.bfloat16
