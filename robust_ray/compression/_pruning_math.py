"""Which weights are the smallest, as a pure function of tensors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def smallest(weights: Sequence[Tensor], share: float) -> list[Tensor]:
    """Where the entries of smallest magnitude lie, all tensors ranked together.

    Args:
        weights: tensors of any shape, on one device.
        share: of all their entries, in [0, 1].

    Returns:
        A bool tensor for each weight, of its shape. Exactly ``round(share * total)`` entries are True; of equal
        magnitudes the first ones are, so that the choice is the same on every device.

    Source: global unstructured L1 pruning; but for ties, the choice of ``torch.nn.utils.prune.global_unstructured``.
    """
    magnitudes = torch.cat([weight.detach().abs().flatten() for weight in weights])
    count = round(share * len(magnitudes))
    chosen = torch.zeros_like(magnitudes, dtype=torch.bool)
    if count:
        threshold = magnitudes.kthvalue(count).values
        chosen = magnitudes < threshold
        ties = (magnitudes == threshold).nonzero().flatten()
        chosen[ties[: count - int(chosen.sum())]] = True
    pieces = torch.split(chosen, [weight.numel() for weight in weights])
    return [piece.view(weight.shape) for piece, weight in zip(pieces, weights, strict=True)]
