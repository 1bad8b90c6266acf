"""What a student is to minimize."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from robust_ray.models.training.criterion import Classification


@dataclass(frozen=True, eq=False)
class Mimicry(Classification):
    """Learning a teacher's answers; the best epoch is the most accurate one."""

    answers: Tensor
    """``(n, n_labels)`` logits of the teacher on the training split, on the CPU."""

    temperature: float
    """What logits are divided by before their softmax."""

    alpha: float
    """Weight of the cross-entropy on the true labels, in [0, 1]."""

    def of(self, logits: Tensor, labels: Tensor, positions: Tensor) -> Tensor:
        """See :func:`distillation_loss`."""
        teacher = self.answers[positions].to(logits.device)
        return distillation_loss(logits, teacher, labels, self.temperature, self.alpha)


def distillation_loss(student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, alpha: float) -> Tensor:
    """Divergence of the student's from the teacher's softened answers, mixed with the cross-entropy on the true labels.

    Args:
        student: ``(n, n_labels)`` logits.
        teacher: ``(n, n_labels)`` logits.
        labels: ``(n,)`` true classes.
        temperature: what both logits are divided by before their softmax.
        alpha: weight of the cross-entropy, in [0, 1].

    Returns:
        A scalar, ``(1 - alpha) * T^2 * KL(teacher / T || student / T) + alpha * CE``, in nats, averaged over the batch.

    Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015, section 2: ``T^2`` keeps the
        gradients of the soft part at the size of those of the hard part.
    """
    soft = functional.kl_div(
        functional.log_softmax(student / temperature, dim=1),
        functional.log_softmax(teacher / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return (1 - alpha) * temperature**2 * soft + alpha * functional.cross_entropy(student, labels)
