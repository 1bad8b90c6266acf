"""How far a student's answers are from its teacher's, as pure functions of tensors."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def distillation_loss(
    student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, alpha: float, cosine: float
) -> Tensor:
    """Divergence of the student's from the teacher's softened answers, mixed with the cross-entropy on the true labels.

    Args:
        student: ``(n, n_labels)`` logits.
        teacher: ``(n, n_labels)`` logits.
        labels: ``(n,)`` true classes.
        temperature: what both logits are divided by before their softmax.
        alpha: weight of the cross-entropy, in [0, 1].
        cosine: weight of the angle between the two answers, at least 0.

    Returns:
        A scalar, ``(1 - alpha) * T^2 * KL(teacher / T || student / T) + alpha * CE + cosine * (1 - cos)``, averaged
        over the batch, divergence and entropy in nats; the cosine is that of the probabilities at temperature 1.

    Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015, section 2: ``T^2`` keeps the
        gradients of the soft part at the size of those of the hard part. Panichella, "Metamorphic-Based Many-Objective
        Distillation of LLMs for Code-related Tasks", ICSE 2025: the cosine.
    """
    soft = functional.kl_div(
        functional.log_softmax(student / temperature, dim=1),
        functional.log_softmax(teacher / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    angle = 1 - functional.cosine_similarity(student.softmax(dim=1), teacher.softmax(dim=1)).mean()
    hard = functional.cross_entropy(student, labels)
    return (1 - alpha) * temperature**2 * soft + alpha * hard + cosine * angle
