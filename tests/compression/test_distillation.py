"""Distillation: the loss is the published one, and the student answers as its teacher does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from robust_ray.compression import Compression, Distillation, Lesson
from robust_ray.compression._distillation_math import distillation_loss
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from robust_ray.metrics import agreement, js_divergence, kl_divergence
from robust_ray.models import ScratchRoberta
from tests.compression.conftest import examples
from tests.contracts import CompressionContract, answers

pytestmark = pytest.mark.torch

TINY = ScratchRoberta(layers=1, hidden=16, heads=2, intermediate=32, vocabulary=300, max_length=48)


def draw(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of student and teacher, and labels."""
    dice = torch.Generator().manual_seed(seed)
    student, teacher = 3 * torch.randn(2, 5, 3, generator=dice, dtype=torch.float64)
    return student, teacher, torch.randint(3, (5,), generator=dice)


class TestDistillation(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Distillation(student=TINY, epochs=15)

    def test_mimics_the_teacher_on_programs_neither_has_seen(self, student: Path, teacher: Path) -> None:
        inputs = [example.segments for example in examples("test", 40)]
        of_teacher, of_student = answers(teacher, inputs), answers(student, inputs)
        assert agreement(of_teacher.argmax(1), of_student.argmax(1)) == pytest.approx(1.0, abs=0.05)
        assert js_divergence(of_teacher, of_student).mean() < 0.05

    def test_is_smaller_than_the_teacher(self, student: Path, teacher: Path) -> None:
        sizes = [(folder / "model.safetensors").stat().st_size for folder in (student, teacher)]
        assert sizes[0] < sizes[1] / 2


@given(st.integers(0, 2**31), st.floats(0.5, 10))
def test_without_labels_the_loss_is_the_divergence_of_softened_answers(seed: int, temperature: float) -> None:
    student, teacher, labels = draw(seed)
    soft = [torch.softmax(logits / temperature, 1).numpy() for logits in (teacher, student)]
    expected = temperature**2 * kl_divergence(*soft).mean()
    assert float(distillation_loss(student, teacher, labels, temperature, 0.0)) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 2**31), st.floats(0, 1))
def test_labels_are_mixed_in_by_their_weight(seed: int, alpha: float) -> None:
    student, teacher, labels = draw(seed)
    soft, mixed = (float(distillation_loss(student, teacher, labels, 2.0, a)) for a in (0.0, alpha))
    hard = float(nn.functional.cross_entropy(student, labels))
    assert mixed == pytest.approx((1 - alpha) * soft + alpha * hard)


def test_a_perfect_student_has_nothing_to_learn() -> None:
    _, teacher, labels = draw(0)
    assert float(distillation_loss(teacher, teacher, labels, 3.0, 0.0)) == pytest.approx(0.0, abs=1e-12)


def test_epochs_and_rate_are_the_teachers_unless_given(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    none = replace(lesson, training=replace(lesson.training, epochs=1, learning_rate=1e-6))
    for name, compression in (
        ("inherited", Distillation(student=TINY)),
        ("given", Distillation(student=TINY, epochs=6, learning_rate=5e-3)),
    ):
        (tmp_path / name).mkdir()
        compression.compress(teacher, none, tmp_path / name, Machine())
    inputs = [example.segments for example in lesson.valid]
    far, near = (
        js_divergence(answers(tmp_path / n, inputs), answers(teacher, inputs)).mean() for n in ("inherited", "given")
    )
    assert near < 0.5 * far


def test_the_student_is_a_component_within_the_component() -> None:
    spec = {
        "type": "distillation",
        "student": {"type": "scratch_roberta", "layers": 1, "hidden": 64},
        "temperature": 10,
    }
    built = build(Compression, spec, "compressions[0]")
    assert built == Distillation(student=ScratchRoberta(layers=1, hidden=64), temperature=10.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": 0}, r"compressions\[0\]: `temperature > 0` must hold, but got 0"),
        ({"alpha": 1.5}, r"compressions\[0\]: `0 <= alpha <= 1` must hold, but got 1.5"),
        ({"epochs": 0}, r"compressions\[0\]: `epochs >= 1` must hold, but got 0"),
        ({"student": "scratch_robert"}, r"compressions\[0\]\.student: .* did you mean 'scratch_roberta'"),
    ],
)
def test_mistakes_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(Compression, {"type": "distillation"} | fields, "compressions[0]")


def test_no_student_without_the_teachers_answers(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="learns from the teacher's logits, but got none"):
        Distillation(student=TINY).compress(teacher, replace(lesson, teacher_logits=None), tmp_path, Machine())
    np.save(tmp_path / "logits.npy", np.zeros((3, 2), dtype=np.float32))
    with pytest.raises(ValueError, match=r"logits of shape \(96, 2\) are needed, got \(3, 2\)"):
        Distillation(student=TINY).compress(teacher, replace(lesson, teacher_logits=tmp_path), tmp_path, Machine())
