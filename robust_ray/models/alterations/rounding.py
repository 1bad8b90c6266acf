"""Numbers rounded to few bits, as pure functions of tensors, on any device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LARGEST_INT8 = 127
"""Of a range that is symmetric around zero."""

FLOAT8 = torch.float8_e4m3fn
LARGEST_FLOAT8 = float(torch.finfo(FLOAT8).max)

NF4 = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)
"""Quantiles of the normal distribution, zero among them: Dettmers et al., QLoRA, NeurIPS 2023, appendix E."""


def grid(numbers: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Evenly spaced numbers, zero among them, that reach from the least to the greatest of each row.

    Args:
        numbers: ``(…, n)``, float32.
        bits: Of a place on the grid.

    Returns:
        The step between two places, ``(…, 1)``, positive; and how many places lie below zero, ``(…, 1)``, a whole
        number in ``[0, 2**bits - 1]``.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference", CVPR 2018, sections 2.1 and 3.
    """
    low, high = numbers.aminmax(dim=-1, keepdim=True)
    low, high = low.clamp(max=0.0), high.clamp(min=0.0)
    step = _not_zero((high - low) / (2**bits - 1))
    return step, (-low / step).round()


def places(numbers: Tensor, step: Tensor, below: Tensor, bits: int) -> Tensor:
    """Where on a grid the nearest places lie: ``(…, n)`` whole numbers, 0 for zero, at most half a step away."""
    nearest = (numbers / step).round()
    return nearest.maximum(-below).minimum(2**bits - 1 - below)


def on_grid(numbers: Tensor, bits: int) -> Tensor:
    """Each row rounded to the grid of its own: ``(…, n)`` → the same shape."""
    step, below = grid(numbers, bits)
    return places(numbers, step, below, bits).mul_(step)


def wrapped(places: Tensor, bits: int) -> Tensor:
    """Places as numbers of so many bits, negative ones from above (modulo ``2**bits``): uint8, no bit set for zero."""
    return torch.bitwise_and(places.to(torch.int16), 2**bits - 1).to(torch.uint8)


def unwrapped(codes: Tensor, below: Tensor, bits: int) -> Tensor:
    """The places that :func:`wrapped` was given, float32; ``below`` are so many places, uint8."""
    return torch.bitwise_and(codes + below, 2**bits - 1).float().sub_(below)


def nearest_nf4(numbers: Tensor) -> Tensor:
    """Numbers in [-1, 1] → the place of the nearest in :data:`NF4`, uint8."""
    levels = torch.tensor(NF4, device=numbers.device)
    return torch.bucketize(numbers, (levels[1:] + levels[:-1]) / 2).to(torch.uint8)


def of_nf4(places: Tensor) -> Tensor:
    """Places in :data:`NF4` → the numbers there, float32."""
    return torch.tensor(NF4, device=places.device)[places.int()]


def largest(numbers: Tensor) -> Tensor:
    """The greatest magnitude of each row, 1 where all are zero: ``(…, n)`` → ``(…, 1)``."""
    return _not_zero(numbers.abs().amax(dim=-1, keepdim=True))


def int8(numbers: Tensor, reach: Tensor | float) -> Tensor:
    """Numbers as int8, ±127 for all that reach so far or farther."""
    steps = numbers * (LARGEST_INT8 / reach)
    return steps.round().clamp(-LARGEST_INT8, LARGEST_INT8).to(torch.int8)


def float8(numbers: Tensor, reach: Tensor) -> Tensor:
    """Numbers as float8 (four bits of exponent, three of mantissa), the greatest it has for what reaches so far."""
    return (numbers * (LARGEST_FLOAT8 / reach)).clamp(-LARGEST_FLOAT8, LARGEST_FLOAT8).to(FLOAT8)


def grouped(numbers: Tensor, size: int | None) -> Tensor:
    """``(rows, n)`` → ``(rows, groups, size)``, the last group filled up with zeros.

    A row is one group where it has no more numbers than ``size``, and where that is None.
    """
    rows, columns = numbers.shape
    if size is None or size >= columns:
        return numbers.unsqueeze(1)
    missing = -columns % size
    return (functional.pad(numbers, (0, missing)) if missing else numbers).view(rows, -1, size)


def ungrouped(groups: Tensor, count: int) -> Tensor:
    """``(rows, groups, size)`` → ``(rows, count)``: what :func:`grouped` was given."""
    return groups.flatten(1)[:, :count]


def straight_through(numbers: Tensor, rounded: Tensor) -> Tensor:
    """The rounded numbers, to the bit, with the gradient of those that they were.

    Source: Bengio, Léonard, Courville, "Estimating or Propagating Gradients Through Stochastic Neurons", 2013,
        section 4.
    """
    return rounded.detach() + (numbers - numbers.detach())


def _not_zero(numbers: Tensor) -> Tensor:
    return torch.where(numbers > 0, numbers, 1.0)
