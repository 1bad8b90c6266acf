"""How far what goes on in a student is from what goes on in its teacher, as pure functions of tensors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

RELATION_HEADS = 12
"""Parts at most that queries, keys and values are cut into."""


def state_distance(student: Tensor, teacher: Tensor, seen: Tensor) -> Tensor:
    """Mean squared difference of two networks' states of the same tokens.

    Args:
        student: ``(rows, length, width)`` states.
        teacher: The same of the teacher.
        seen: ``(rows, length)``, true where a token is, at least once.

    Returns:
        A scalar.

    Source: Jiao et al., 2020, section 3.1, equation 2.
    """
    return (student - teacher)[seen].square().mean()


def relation_distance(student: Tensor, teacher: Tensor, seen: Tensor) -> Tensor:
    """How differently two networks relate the same tokens to each other, by their queries (or keys, or values).

    Each token is related to all by a softmax over scaled dot products. Both sides are cut into as many parts, the
    greatest common divisor of both widths and ``RELATION_HEADS``, so that neither widths nor heads need be equal.

    Args:
        student: ``(rows, length, width)`` queries, keys or values of all heads.
        teacher: The same of the teacher, perhaps of another width.
        seen: ``(rows, length)``, true where a token is, at least once in each row.

    Returns:
        A scalar: the divergence of the student's relations from the teacher's, in nats, the mean over parts and tokens.

    Source: Wang et al., "MiniLMv2", Findings of ACL 2021, section 3.1.
    """
    heads = math.gcd(student.shape[-1], teacher.shape[-1], RELATION_HEADS)
    ours, theirs = (_relations(each, seen, heads) for each in (student, teacher))
    divergences = (theirs.exp() * (theirs - ours)).sum(-1)
    return divergences.transpose(1, 2)[seen].mean()


def _relations(vectors: Tensor, seen: Tensor, heads: int) -> Tensor:
    """``(rows, length, width)`` → ``(rows, heads, length, length)`` logarithms of shares, finite for padding, too."""
    parts = vectors.float().view(*vectors.shape[:2], heads, -1).transpose(1, 2)
    scores = parts @ parts.transpose(2, 3) / math.sqrt(parts.shape[-1])
    shares: Tensor = scores.masked_fill(~seen[:, None, None], torch.finfo(scores.dtype).min).log_softmax(-1)
    return shares
