"""How a table of numbers is kept in few bits. A description names a format by its ``type`` and gives its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from robust_ray.models.alterations import rounding
from robust_ray.models.alterations.bits import BYTE, pack, unpack

Parts = Mapping[str, Tensor]
"""What a table is kept as: ``(rows, …)`` tensors, so that some of its rows are those rows of each part."""


class NumberFormat(Protocol):
    """A way to keep the rows of a table."""

    def encode(self, numbers: Tensor) -> Parts:
        """``(rows, n)`` float32 → what is kept of it; ``codes`` are its bytes, uint8."""
        ...

    def decode(self, parts: Parts, count: int) -> Tensor:
        """The numbers again, rounded: ``(rows, count)`` float32."""
        ...


class Rounds(Protocol):
    """A format that can be found for every row while the network answers, so that it suits activations."""

    def round(self, numbers: Tensor) -> Tensor:
        """``(…, n)`` float32, the same shape rounded; a row does not depend on the others."""
        ...


@dataclass(frozen=True, kw_only=True)
class Integers:
    """Places on evenly spaced grids. Of a number that is zero no bit is set, so that what was pruned stays sparse."""

    bits: int
    """Of each number, 2 to 8."""

    group_size: int | None
    """Neighbours in a row that have a grid of their own; None for the whole row."""

    def encode(self, numbers: Tensor) -> Parts:
        """See :meth:`NumberFormat.encode`."""
        groups = rounding.grouped(numbers, self.group_size)
        step, below = rounding.grid(groups, self.bits)
        codes = rounding.wrapped(rounding.places(groups, step, below, self.bits), self.bits)
        return {
            "codes": _pack_rows(rounding.ungrouped(codes, numbers.shape[1]), self.bits),
            "scale": step.squeeze(-1),
            "below": below.squeeze(-1).to(torch.uint8),
        }

    def decode(self, parts: Parts, count: int) -> Tensor:
        """See :meth:`NumberFormat.decode`."""
        codes = rounding.grouped(_unpack_rows(parts["codes"], self.bits, count), self.group_size)
        places = rounding.unwrapped(codes, parts["below"].unsqueeze(-1), self.bits)
        return rounding.ungrouped(places.mul_(parts["scale"].unsqueeze(-1)), count)

    def round(self, numbers: Tensor) -> Tensor:
        """See :meth:`Rounds.round`; the whole row has one grid."""
        return rounding.on_grid(numbers, self.bits)


@dataclass(frozen=True, kw_only=True)
class NormalFloat4:
    """Four bits: the nearest of sixteen numbers that lie as those of a normal distribution do."""

    group_size: int
    """Neighbours in a row that share a scale."""

    def encode(self, numbers: Tensor) -> Parts:
        """See :meth:`NumberFormat.encode`."""
        groups = rounding.grouped(numbers, self.group_size)
        reach = rounding.largest(groups)
        codes = rounding.ungrouped(rounding.nearest_nf4(groups / reach), numbers.shape[1])
        return {"codes": _pack_rows(codes, 4), "scale": reach.squeeze(-1)}

    def decode(self, parts: Parts, count: int) -> Tensor:
        """See :meth:`NumberFormat.decode`."""
        levels = rounding.of_nf4(_unpack_rows(parts["codes"], 4, count))
        groups = rounding.grouped(levels, self.group_size) * parts["scale"].unsqueeze(-1)
        return rounding.ungrouped(groups, count)


@dataclass(frozen=True, kw_only=True)
class Float8:
    """Eight bits, four of them exponent, three mantissa (e4m3), and a scale for each row."""

    def encode(self, numbers: Tensor) -> Parts:
        """See :meth:`NumberFormat.encode`."""
        reach = rounding.largest(numbers)
        return {"codes": rounding.float8(numbers, reach).view(torch.uint8), "scale": reach / rounding.LARGEST_FLOAT8}

    def decode(self, parts: Parts, count: int) -> Tensor:
        """See :meth:`NumberFormat.decode`."""
        return parts["codes"].view(rounding.FLOAT8).float() * parts["scale"]

    def round(self, numbers: Tensor) -> Tensor:
        """See :meth:`Rounds.round`."""
        reach = rounding.largest(numbers)
        return rounding.float8(numbers, reach).float() * (reach / rounding.LARGEST_FLOAT8)


FORMATS: Mapping[str, Any] = {"integers": Integers, "nf4": NormalFloat4, "float8": Float8}
"""All formats, by the ``type`` of their description; all but ``nf4`` suit activations, too."""


def format_of(description: Mapping[str, Any]) -> Any:
    """The format that a description names."""
    return FORMATS[description["type"]](**{name: value for name, value in description.items() if name != "type"})


def _pack_rows(codes: Tensor, bits: int) -> Tensor:
    """``(rows, n)`` uint8 → ``(rows, bytes)``; every row begins with a byte of its own."""
    whole = functional.pad(codes, (0, -codes.shape[1] % BYTE))
    return pack(whole, bits).view(len(codes), -1)


def _unpack_rows(packed: Tensor, bits: int, count: int) -> Tensor:
    whole = count + -count % BYTE
    return unpack(packed.flatten(), bits, len(packed) * whole).view(len(packed), whole)[:, :count]
