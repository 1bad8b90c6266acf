"""A few numbers in the place of many, as pure functions of tensors."""

from __future__ import annotations

import torch
from torch import Tensor

STEPS = 300
"""Of k-means at most; it ends before that, once no number changes its cluster."""


def codebook(values: Tensor, clusters: int) -> Tensor:
    """The numbers that stand for others: k-means of one dimension, begun evenly between the least and the largest.

    Zeros stand for themselves, so that what is pruned stays pruned; the rest is clustered without them.

    Args:
        values: Of any shape.
        clusters: How many there are, 2 at least.

    Returns:
        ``(clusters,)`` rising numbers in the format of ``values``, some perhaps more than once.

    Source: Han, Mao, Dally, "Deep Compression", ICLR 2016, section 3: linear initialization does best, since it keeps
        the few large weights.
    """
    others = values[values != 0].double()
    has_zeros = others.numel() < values.numel()
    found = _cluster(others.sort().values, clusters - has_zeros) if others.numel() else values.new_zeros(1).double()
    entries = torch.cat([found, found.new_zeros(int(has_zeros))])
    missing = entries[:1].expand(clusters - len(entries))
    return torch.cat([entries, missing]).to(values.dtype).sort().values


def places(values: Tensor, entries: Tensor) -> Tensor:
    """Where the entry lies that stands for each number: the nearest one, but zero stands for all zeros and them alone.

    Args:
        values: Of any shape.
        entries: ``(clusters,)`` rising, 256 at most, and zero among them if it is among ``values``.

    Returns:
        Places of entries, in the shape of ``values``, uint8.
    """
    is_zero = values == 0
    others = (entries != 0).nonzero().flatten() if is_zero.any() else torch.arange(len(entries))
    zero = (entries == 0).int().argmax()
    if not len(others):
        return zero.to(torch.uint8).expand(values.shape)
    rising = entries[others].double()
    nearest = others[torch.bucketize(values.double(), (rising[1:] + rising[:-1]) / 2)]
    return torch.where(is_zero & (entries[zero] == 0), zero, nearest).to(torch.uint8)


def _cluster(rising: Tensor, clusters: int) -> Tensor:
    """``(n,)`` rising numbers, at least one → at most so many means, rising; the numbers themselves if they are few."""
    different: Tensor = torch.unique_consecutive(rising)
    if len(different) <= clusters:
        return different
    sums = torch.cat([rising.new_zeros(1), rising.cumsum(0)])
    means = torch.linspace(float(rising[0]), float(rising[-1]), clusters, dtype=rising.dtype)
    ends = torch.tensor([])
    for _ in range(STEPS):
        before, ends = ends, torch.searchsorted(rising, (means[1:] + means[:-1]) / 2)
        if torch.equal(before, ends):
            break
        edges = torch.cat([ends.new_zeros(1), ends, ends.new_tensor([len(rising)])])
        counts = edges.diff()
        means = torch.where(counts > 0, sums[edges].diff() / counts.clamp(min=1), means)
    return means
