"""The loss of distillation is the published one."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from robust_ray.compression.distillation._answers_math import distillation_loss
from robust_ray.metrics import kl_divergence

pytestmark = pytest.mark.torch


def draw(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of student and teacher, and labels."""
    dice = torch.Generator().manual_seed(seed)
    student, teacher = 3 * torch.randn(2, 5, 3, generator=dice, dtype=torch.float64)
    return student, teacher, torch.randint(3, (5,), generator=dice)


def test_a_case_computed_by_hand() -> None:
    """The teacher says 3 to 1 and the student 1 to 1, both at temperature 2; the label is the second class."""
    teacher, student = torch.tensor([[2 * math.log(3), 0.0]]), torch.zeros(1, 2)
    soft = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    angle = 1 - (0.9 + 0.1) / (math.sqrt(2) * math.sqrt(0.9**2 + 0.1**2))  # at temperature 1 it says 9 to 1
    expected = 0.7 * 4 * soft + 0.3 * math.log(2) + 0.5 * angle
    assert float(distillation_loss(student, teacher, torch.tensor([1]), 2.0, 0.3, 0.5)) == pytest.approx(expected)


@given(st.integers(0, 2**31), st.floats(0.5, 10))
def test_without_labels_the_loss_is_the_divergence_of_softened_answers(seed: int, temperature: float) -> None:
    student, teacher, labels = draw(seed)
    soft = [torch.softmax(logits / temperature, 1).numpy() for logits in (teacher, student)]
    expected = temperature**2 * kl_divergence(*soft).mean()
    assert float(distillation_loss(student, teacher, labels, temperature, 0.0, 0.0)) == pytest.approx(
        expected, abs=1e-9
    )


@given(st.integers(0, 2**31), st.floats(0, 1))
def test_labels_are_mixed_in_by_their_weight(seed: int, alpha: float) -> None:
    student, teacher, labels = draw(seed)
    soft, mixed = (float(distillation_loss(student, teacher, labels, 2.0, a, 0.0)) for a in (0.0, alpha))
    hard = float(nn.functional.cross_entropy(student, labels))
    assert mixed == pytest.approx((1 - alpha) * soft + alpha * hard)


def test_a_perfect_student_has_nothing_to_learn() -> None:
    _, teacher, labels = draw(0)
    assert float(distillation_loss(teacher, teacher, labels, 3.0, 0.0, 2.0)) == pytest.approx(0.0, abs=1e-12)
