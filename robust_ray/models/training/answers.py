"""Logits of many inputs at once; where segments are read alone, each distinct one is read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

from robust_ray.core.machine import Machine
from robust_ray.core.victim import token_batches
from robust_ray.models.networks.base import SegmentReader
from robust_ray.models.reading.encoding import Rows
from robust_ray.models.reading.forward import collate, forward, per_label
from robust_ray.models.reading.segments import summarize
from robust_ray.models.students import Network

Logits = npt.NDArray[np.float32]
"""``(n, n_labels)``."""

HEADS = 1024
"""Inputs whose vectors go through a head at once."""


def answers(network: Network, rows: Sequence[Rows], lengths: Sequence[int], machine: Machine, device: str) -> Logits:
    """The logits of every input, in order; the module is on ``device``, in evaluation mode."""
    with torch.inference_mode():
        is_siamese = network.pair_encoding == "siamese" and any(len(segments) > 1 for segments in rows)
        if is_siamese and network.batch_invariant:
            return _from_segments(network, rows, machine.max_batch_tokens, device)
        return _from_inputs(network, rows, lengths, machine.max_batch_tokens, device)


def _from_inputs(
    network: Network, rows: Sequence[Rows], lengths: Sequence[int], max_tokens: int, device: str
) -> Logits:
    logits = np.zeros((len(rows), network.n_labels), dtype=np.float32)
    for batch in token_batches(lengths, max_tokens, batch_invariant=network.batch_invariant):
        tensors = collate(network, [rows[i] for i in batch], device)
        logits[batch] = forward(network.module, tensors).cpu().numpy()
    return logits


def _from_segments(network: Network, rows: Sequence[Rows], max_tokens: int, device: str) -> Logits:
    places = {row: i for i, row in enumerate(dict.fromkeys(row for segments in rows for row in segments))}
    vectors = summarize(network, list(places), max_tokens, device)
    chosen = torch.tensor([[places[row] for row in segments] for segments in rows]).to(device)
    classify = cast(SegmentReader, network.module).classify
    return torch.cat([per_label(classify(vectors[part])) for part in torch.split(chosen, HEADS)]).cpu().numpy()
