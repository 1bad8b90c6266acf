"""Which units of a network matter least, as pure functions of tensors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def gate_gradients(passing: Tensor, gradient: Tensor, units: int) -> Tensor:
    """Derivatives of a loss by gates that every unit's numbers are multiplied by, at gates that stand open (1).

    Args:
        passing: ``(…, units * width)`` numbers that pass the gates.
        gradient: of the loss by what has passed them, of the same shape.
        units: how many gates there are.

    Returns:
        ``(units,)``, float64.

    Source: Michel, Levy, Neubig, "Are Sixteen Heads Really Better than One?", NeurIPS 2019, section 4.1.
    """
    return (passing.double() * gradient.double()).flatten(0, -2).sum(0).view(units, -1).sum(1)


def norms(weights: Sequence[Tensor]) -> Tensor:
    """The L2 norm of all weights of each unit: ``(units, n)`` matrices → ``(units,)``, float64."""
    return torch.stack([weight.detach().double().square().sum(1) for weight in weights]).sum(0).sqrt()


def least_important(scores: Sequence[Tensor], count: int) -> list[Tensor]:
    """Which units go, those of all blocks ranked together.

    Args:
        scores: ``(units,)`` for each block, not negative; those of a block are first divided by their quadratic mean.
        count: of units that go, at most all but one of each block.

    Returns:
        A bool tensor for each block, of its scores' shape. Exactly ``count`` entries are True, and at least one of each
        block is False; of equal scores the first ones go.

    Source: Molchanov et al., "Pruning Convolutional Neural Networks for Resource Efficient Inference", ICLR 2017,
        section 2.2.
    Deviations: they divide by the L2 norm, which comes to the same among blocks of one size.
    """
    ranked = torch.cat([_spare_one(_levelled(score.double())) for score in scores])
    gone = torch.zeros(len(ranked), dtype=torch.bool)
    gone[ranked.argsort(stable=True)[:count]] = True
    return list(torch.split(gone, [len(score) for score in scores]))


def _levelled(scores: Tensor) -> Tensor:
    """Divided by their quadratic mean; zeros stay zeros."""
    mean = scores.square().mean().sqrt()
    return scores / mean if mean > 0 else scores


def _spare_one(scores: Tensor) -> Tensor:
    """The highest score, the last one if there are several, made higher than any other block's."""
    best = len(scores) - 1 - int(scores.flip(0).argmax())
    return scores.index_fill(0, torch.tensor([best]), torch.inf)
