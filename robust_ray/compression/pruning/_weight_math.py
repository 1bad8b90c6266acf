"""Which weights matter least, as pure functions of tensors. Of equal scores the first ones go, on every device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def lowest(scores: Sequence[Tensor], share: float) -> list[Tensor]:
    """Where the lowest scores lie, all tensors ranked together.

    Args:
        scores: tensors of any shape, on one device.
        share: of all their entries, in [0, 1].

    Returns:
        A bool tensor for each, of its shape. Exactly ``round(share * total)`` entries are True.

    Source: of magnitudes it is, but for ties, the choice of ``torch.nn.utils.prune.global_unstructured``.
    """
    ranked = torch.cat([score.flatten() for score in scores])
    count = round(share * len(ranked))
    chosen = torch.zeros_like(ranked, dtype=torch.bool)
    if count:
        threshold = ranked.kthvalue(count).values
        chosen = ranked < threshold
        ties = (ranked == threshold).nonzero().flatten()
        chosen[ties[: count - int(chosen.sum())]] = True
    pieces = torch.split(chosen, [score.numel() for score in scores])
    return [piece.view(score.shape) for piece, score in zip(pieces, scores, strict=True)]


def lowest_of_rows(scores: Tensor, share: float) -> Tensor:
    """Where the lowest scores of each row lie.

    Args:
        scores: ``(rows, n)``.
        share: of the entries of each row, in [0, 1].

    Returns:
        A bool tensor of the same shape. Exactly ``round(share * rows * n)`` entries are True; no two rows differ by
        more than one.
    """
    rows, n = scores.shape
    so_far = torch.tensor([round(share * (n * done)) for done in range(rows + 1)], device=scores.device)
    return _ranks(scores) < so_far.diff()[:, None]


def lowest_of_groups(scores: Tensor, count: int, group: int) -> Tensor:
    """Where the lowest scores lie of each so many neighbours in a row.

    Args:
        scores: ``(rows, n)``.
        count: of entries that are chosen in each group.
        group: entries that lie side by side; a row's last group may be short, and then ``group - count`` are left.

    Returns:
        A bool tensor of the same shape.

    Source: N:M sparsity, Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021, section 3.
    """
    rows, n = scores.shape
    groups = functional.pad(scores, (0, -n % group), value=-torch.inf).view(rows, -1, group)
    return (_ranks(groups) < count).view(rows, -1)[:, :n]


def _ranks(scores: Tensor) -> Tensor:
    """How many entries come before each one along the last axis."""
    return scores.argsort(dim=-1, stable=True).argsort(dim=-1)
