"""Small whole numbers in as few bits as they need, one behind the other: pure functions, on any device."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

BYTE = 8


def bits_for(count: int) -> int:
    """Bits that tell so many things apart, 1 at least."""
    return max(1, (count - 1).bit_length())


def packed_bytes(count: int, bits: int) -> int:
    """Bytes that so many numbers of so many bits take."""
    return -(-count * bits // BYTE)


def pack(numbers: Tensor, bits: int) -> Tensor:
    """Whole numbers in ``[0, 2**bits)`` of any shape → ``(packed_bytes,)`` uint8, the lowest bits first.

    Args:
        numbers: To be packed, row by row.
        bits: Of each number, 1 to 8.
    """
    flat = numbers.flatten().to(torch.uint8)
    places, bytes_ = _run(bits, flat)
    words = functional.pad(flat, (0, -len(flat) % len(places))).view(-1, len(places)).to(places.dtype)
    words = (words << places).sum(1, keepdim=True, dtype=places.dtype)
    return (words >> bytes_).to(torch.uint8).flatten()[: packed_bytes(len(flat), bits)]


def unpack(packed: Tensor, bits: int, count: int) -> Tensor:
    """``(packed_bytes,)`` uint8 → the ``(count,)`` numbers that :func:`pack` was given, uint8."""
    places, bytes_ = _run(bits, packed)
    words = functional.pad(packed, (0, -len(packed) % len(bytes_))).view(-1, len(bytes_)).to(places.dtype)
    words = (words << bytes_).sum(1, keepdim=True, dtype=places.dtype)
    numbers: Tensor = (words >> places) & (2**bits - 1)
    return numbers.to(torch.uint8).flatten()[:count]


def _run(bits: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Where numbers and where bytes begin in the shortest run that ends with both, in bits."""
    length = math.lcm(bits, BYTE)
    dtype = torch.uint8 if length == BYTE else torch.int64
    places, bytes_ = (torch.arange(0, length, step, dtype=dtype, device=like.device) for step in (bits, BYTE))
    return places, bytes_
