"""Vectors of segments, each computed once: an attack on a pair changes one half and asks about the other every time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import torch
from torch import Tensor

from robust_ray.core.victim import Encoding, token_batches
from robust_ray.models.networks.base import SegmentReader
from robust_ray.models.reading.encoding import Row, Rows, count, note
from robust_ray.models.reading.forward import pad
from robust_ray.models.students import Network

CAPACITY = 16384
"""Segments remembered: all of a test split's thousands of pairs, in 50 MB where a vector has 768 numbers."""


def summarize(network: Network, rows: Sequence[Row], max_tokens: int, device: str) -> Tensor:
    """``(rows, hidden)``, each segment alone, computed in batches of at most ``max_tokens`` padded tokens."""
    batches = token_batches([count(row) for row in rows], max_tokens)
    filler = network.tokenizer.pad_token_id
    module = cast(SegmentReader, network.module)
    parts = [module.summarize(**pad([rows[i] for i in batch], filler, device)) for batch in batches]
    order = torch.tensor([i for batch in batches for i in batch])
    return torch.cat(parts)[order.argsort().to(device)]


class SegmentMemory:
    """The vectors of the segments used last, in one table on the network's device."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._slots: OrderedDict[Row, int] = OrderedDict()
        self._table: Tensor | None = None

    def encodings(self, inputs: Iterable[Rows]) -> list[Encoding]:
        """Inputs whose lengths leave out the segments that are remembered, or come earlier among them."""
        counted: set[Row] = set()
        encodings = []
        for rows in inputs:
            new = [row for row in dict.fromkeys(rows) if row not in self._slots and row not in counted]
            counted.update(new)
            encodings.append(Encoding(rows, max(1, sum(map(count, new))), note(rows)))
        return encodings

    def stack(self, inputs: Sequence[Rows], summarize: Callable[[list[Row]], Tensor]) -> Tensor:
        """``(inputs, segments, hidden)`` vectors; those not remembered are asked of ``summarize``, in its order."""
        rows = dict.fromkeys(row for rows in inputs for row in rows)
        known = [row for row in rows if row in self._slots]
        new = [row for row in rows if row not in self._slots]
        parts = []
        if known:
            assert self._table is not None
            parts.append(self._table[[self._slots[row] for row in known]])
        if new:
            parts.append(summarize(new))
        vectors = torch.cat(parts)
        for row in known:
            self._slots.move_to_end(row)
        self._keep(new, vectors[len(known) :])
        positions = {row: i for i, row in enumerate([*known, *new])}
        return vectors[torch.tensor([[positions[row] for row in rows] for rows in inputs], device=vectors.device)]

    def _keep(self, rows: Sequence[Row], vectors: Tensor) -> None:
        """Remember the last of the rows, in the places of those not used for longest."""
        rows, vectors = rows[-self._capacity :], vectors[-self._capacity :]
        if not rows:
            return
        if self._table is None:
            self._table = vectors.new_empty(self._capacity, vectors.shape[1])
        slots = []
        for row in rows:
            is_full = len(self._slots) == self._capacity
            self._slots[row] = self._slots.popitem(last=False)[1] if is_full else len(self._slots)
            slots.append(self._slots[row])
        self._table[slots] = vectors
