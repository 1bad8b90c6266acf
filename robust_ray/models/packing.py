"""Tensors that are mostly zeros, stored as what they hold and where: to the bit, and only where that is smaller.

A sparse tensor ``name`` becomes three: ``name/where`` (one bit an element, set where any bit of the element is, in row
order, eight to a byte, the first the highest), ``name/values`` (those elements) and ``name/shape``. A zero that is
negative has a bit set, so it is a value.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

WHERE, VALUES, SHAPE = "/where", "/values", "/shape"

ENTRY = 128
"""Bytes that a name, a type, a shape and a place in the file's header come to, about."""

_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""By bytes of an element: whole numbers of the same bits."""


def pack(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are to be stored; contiguous ones, on the CPU."""
    packed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        bits = _bits(tensor)
        is_held = bits != 0
        if _packed_bytes(tensor, int(torch.count_nonzero(is_held))) < tensor.numel() * tensor.itemsize:
            packed[name + WHERE] = torch.from_numpy(np.packbits(is_held.numpy()))
            packed[name + VALUES] = bits[is_held].view(tensor.dtype)
            packed[name + SHAPE] = torch.tensor(tensor.shape, dtype=torch.int64)
        else:
            packed[name] = tensor
    return packed


def unpack(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that :func:`pack` was given.

    Raises:
        KeyError: a part of a sparse tensor is missing.
        RuntimeError: its parts do not belong together.
    """
    tensors: dict[str, Tensor] = {}
    for name, tensor in packed.items():
        if name.endswith(WHERE):
            whole = name.removesuffix(WHERE)
            values, shape = packed[whole + VALUES], packed[whole + SHAPE].tolist()
            tensors[whole] = _dense(tensor, values, shape)
        elif not name.endswith((VALUES, SHAPE)):
            tensors[name] = tensor
    return tensors


def _dense(where: Tensor, values: Tensor, shape: list[int]) -> Tensor:
    dense = torch.zeros(shape, dtype=values.dtype)
    is_held = torch.from_numpy(np.unpackbits(where.numpy(), count=dense.numel()).astype(np.bool_))
    bits = _bits(dense)
    bits[is_held] = _bits(values)
    return dense


def _bits(tensor: Tensor) -> Tensor:
    """``(n,)`` whole numbers of the same bits, over the same memory where the tensor is contiguous."""
    return tensor.flatten().view(_BITS[tensor.itemsize])


def _packed_bytes(tensor: Tensor, held: int) -> int:
    return -(-tensor.numel() // 8) + held * tensor.itemsize + tensor.ndim * 8 + 2 * ENTRY
