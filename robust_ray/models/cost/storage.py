"""What is stored: numbers, and the bytes they take in a file and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import zstandard
from torch import Tensor, nn

from robust_ray.models.alterations import StoresNumbers

ZSTD_LEVEL = 6
"""Weights come out as small as through level 19, to half a percent, in a tenth of its minutes or less."""


def weights(module: nn.Module) -> Iterator[Tensor]:
    """The numbers a checkpoint stands for, shared ones once, without what only says how others are stored."""
    seen: set[int] = set()
    for part in module.modules():
        tensors = {tensor.data_ptr(): tensor for tensor in _own(part)}
        new = [tensor for place, tensor in tensors.items() if place not in seen]
        seen |= tensors.keys()
        yield from part.stored_numbers() if new and isinstance(part, StoresNumbers) else new


def loaded_bytes(module: nn.Module) -> int:
    """Bytes of a network that has answered: all that its checkpoint holds, where a zero takes as much as any number,
    and the tensors its layers keep beside it (weights looked up or unpacked once). What a kernel packs for itself is
    not seen.
    """
    held = {tensor.data_ptr(): tensor for part in module.modules() for tensor in (*_own(part), *_beside(part))}
    return sum(tensor.numel() * tensor.itemsize for tensor in held.values())


def compressed_size(file: Path) -> int:
    """Bytes of a file through zstd level 6, one thread, as a stream."""
    with file.open("rb") as stream:
        chunks = zstandard.ZstdCompressor(level=ZSTD_LEVEL).read_to_iter(stream, size=file.stat().st_size)
        return sum(map(len, chunks))


def _own(part: nn.Module) -> Iterator[Tensor]:
    """What a module alone, without its submodules, adds to a checkpoint."""
    yield from part.parameters(recurse=False)
    for name, buffer in part.named_buffers(recurse=False):
        if name not in part._non_persistent_buffers_set:
            yield buffer


def _beside(part: nn.Module) -> Iterator[Tensor]:
    """What it keeps, and no checkpoint holds."""
    return (value for value in vars(part).values() if isinstance(value, Tensor))
