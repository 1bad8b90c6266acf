"""Matrices as products of two thinner ones, as pure functions of tensors."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Singular(NamedTuple):
    """A matrix taken apart: ``left * values @ right``."""

    left: Tensor
    """``(outputs, n)``, its columns orthonormal."""

    values: Tensor
    """``(n,)``, falling."""

    right: Tensor
    """``(n, inputs)``, its rows orthonormal."""


class Factors(NamedTuple):
    """Two matrices in the place of one, ``up @ down``."""

    up: Tensor
    """``(outputs, rank)``."""

    down: Tensor
    """``(rank, inputs)``."""


def take_apart(weight: Tensor) -> Singular:
    """The singular value decomposition of an ``(outputs, inputs)`` matrix, in float32 or better."""
    exact = weight.detach().to(torch.promote_types(weight.dtype, torch.float32))
    return Singular(*torch.linalg.svd(exact, full_matrices=False))


def nearest_of_rank(parts: Singular, rank: int) -> Factors:
    """The matrix of that rank at most which is nearest, its singular values shared evenly between both factors.

    The squared distance is the energy of the values left out, by the theorem of Eckart and Young, 1936.
    """
    roots = parts.values[:rank].sqrt()
    return Factors(parts.left[:, :rank] * roots, roots[:, None] * parts.right[:rank])


def rank_of_ratio(outputs: int, inputs: int, ratio: float) -> int:
    """The largest rank, 1 at least, at which both factors hold this share of the matrix's numbers at most."""
    return max(1, int(ratio * outputs * inputs / (outputs + inputs)))


def rank_of_energy(values: Tensor, energy: float) -> int:
    """The smallest rank, 1 at least, that keeps this share of the sum of the ``(n,)`` squared singular values."""
    kept = values.double().square().cumsum(0)
    return min(len(values), int((kept < energy * kept[-1]).sum()) + 1)


def is_smaller(outputs: int, inputs: int, rank: int) -> bool:
    """Whether two factors of this rank hold fewer numbers than the matrix."""
    return rank * (outputs + inputs) < outputs * inputs
