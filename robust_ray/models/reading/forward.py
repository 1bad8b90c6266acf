"""One batch through a network: token ids to padded tensors, tensors to logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from robust_ray.models.data_flow.rows import GraphRow, pad_graphs
from robust_ray.models.reading.encoding import Row, Rows, count, has_token_types, pack
from robust_ray.models.students import Network

Tensors = dict[str, Tensor]


def collate(network: Network, batch: Sequence[Rows], device: str) -> Tensors:
    """Padded tensors ``(batch, length)``, or ``(batch, segments, length)`` for siamese networks."""
    filler = network.tokenizer.pad_token_id
    if network.pair_encoding == "siamese":
        tensors = pad([row for rows in batch for row in rows], filler, device)
        return {name: tensor.view(len(batch), len(batch[0]), *tensor.shape[1:]) for name, tensor in tensors.items()}
    tensors = pad([rows[0] for rows in batch], filler, device)
    if has_token_types(network):
        tensors["token_type_ids"] = pad([rows[1] for rows in batch], 0, device)["input_ids"]
    return tensors


def pad(rows: Sequence[Row], filler: int, device: str) -> Tensors:
    """``input_ids`` and ``attention_mask``, ``(rows, longest row)`` int64; a GPU need not wait for them.

    Rows with a data flow get what :func:`pad_graphs` gives them.

    As little as can be crosses to the GPU: ids as int32, and lengths, of which it makes the mask itself. Of an empty
    row one token is seen, padding: what sees nothing at all would answer with a mean of the padding of its batch.
    """
    if isinstance(rows[0], GraphRow):
        return pad_graphs(cast(Sequence[GraphRow], rows), filler, device)
    longest = max(1, *map(count, rows))
    padding = pack([filler]) * longest
    ids = torch.frombuffer(bytearray().join([row + padding[len(row) :] for row in rows]), dtype=torch.int32)
    lengths = torch.tensor([[max(1, count(row))] for row in rows], dtype=torch.int32)
    if device != "cpu":
        ids, lengths = (host.pin_memory().to(device, non_blocking=True) for host in (ids, lengths))
    mask = torch.arange(longest, dtype=torch.int32, device=device) < lengths
    return {"input_ids": ids.view(len(rows), longest).long(), "attention_mask": mask.long()}


def forward(module: nn.Module, tensors: Tensors) -> Tensor:
    """``(batch, n_labels)`` float32 logits."""
    return per_label(module(**tensors).logits)


def per_label(logits: Tensor) -> Tensor:
    """``(batch, n_labels)`` float32; one logit ``z`` reads as ``[0, z]``, whose softmax is its sigmoid."""
    logits = logits.float()
    return torch.cat([torch.zeros_like(logits), logits], dim=1) if logits.shape[1] == 1 else logits


@contextmanager
def cpu_threads(threads: int) -> Iterator[None]:
    """Run torch on so many CPU threads, and leave the process as it was found."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
