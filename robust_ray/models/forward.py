"""One batch through a network: text to token ids, ids to padded tensors, tensors to logits."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Input
from robust_ray.core.victim import Encoding
from robust_ray.models.students import Network

Rows = tuple[tuple[int, ...], ...]
"""One input. Siamese: token ids of each segment. Joint: token ids of all, and their types where the model has types."""

Tensors = dict[str, Tensor]


def encode(network: Network, inputs: Sequence[Input]) -> list[Encoding]:
    """Token ids of every input, cut to the network's ``max_length``; one call of the tokenizer.

    Raises:
        ModelError: the inputs have more segments than a tokenizer joins in a row.
    """
    if not inputs:
        return []
    if network.pair_encoding == "siamese":
        rows = iter(_tokenize(network, [segment for segments in inputs for segment in segments]))
        return [_encoding(tuple(next(rows)[0] for _ in segments)) for segments in inputs]
    widths = {len(segments) for segments in inputs}
    if not widths <= {1, 2} or len(widths) > 1:
        raise ModelError(f"joint pair encoding reads 1 or 2 segments, but got {sorted(widths)}; use 'siamese'")
    first, *second = map(list, zip(*inputs, strict=True))
    if second and not _separates(network):
        second = [[f"{network.tokenizer.eos_token}{text}" for text in second[0]]]
    return [Encoding(rows, len(rows[0])) for rows in _tokenize(network, first, *second)]


def collate(network: Network, batch: Sequence[Rows], device: str) -> Tensors:
    """Padded tensors ``(batch, length)``, or ``(batch, segments, length)`` for siamese networks."""
    pad = network.tokenizer.pad_token_id
    if network.pair_encoding == "siamese":
        segments = len(batch[0])
        ids, mask = _pad([row for rows in batch for row in rows], pad)
        return {
            "input_ids": ids.view(len(batch), segments, -1).to(device),
            "attention_mask": mask.view(len(batch), segments, -1).to(device),
        }
    ids, mask = _pad([rows[0] for rows in batch], pad)
    tensors = {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
    if _has_token_types(network):
        tensors["token_type_ids"] = _pad([rows[1] for rows in batch], 0)[0].to(device)
    return tensors


def forward(module: nn.Module, tensors: Tensors) -> Tensor:
    """``(batch, n_labels)`` float32 logits; one logit ``z`` reads as ``[0, z]``, whose softmax is its sigmoid."""
    logits: Tensor = module(**tensors).logits.float()
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


def _tokenize(network: Network, *columns: list[str]) -> list[Rows]:
    types = _has_token_types(network)
    encoded = network.tokenizer(
        *columns,
        truncation=True,
        max_length=network.max_length,
        return_attention_mask=False,
        return_token_type_ids=types,
        verbose=False,
    )
    names = ("input_ids", "token_type_ids") if types else ("input_ids",)
    return [tuple(map(tuple, rows)) for rows in zip(*(encoded[name] for name in names), strict=True)]


def _separates(network: Network) -> bool:
    """Whether the tokenizer puts something between two segments by itself; GPT-2's does not."""
    added = network.tokenizer.num_special_tokens_to_add
    return bool(added(pair=True) > added(pair=False))


def _has_token_types(network: Network) -> bool:
    if network.pair_encoding != "joint" or "token_type_ids" not in network.tokenizer.model_input_names:
        return False
    return "token_type_ids" in inspect.signature(network.module.forward).parameters  # T5's tokenizer has, T5 has not


def _encoding(rows: Rows) -> Encoding:
    return Encoding(rows, sum(map(len, rows)))


def _pad(rows: Sequence[Sequence[int]], filler: int) -> tuple[Tensor, Tensor]:
    longest = max(map(len, rows))
    ids = np.full((len(rows), longest), filler, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)
