"""torch's own int8: smaller on disk, near the teacher, and honest about its batch neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robust_ray.compression import Compression, DynamicQuantization, Lesson
from robust_ray.core.machine import Machine
from robust_ray.models import students
from tests.contracts import CompressionContract, answers

pytestmark = pytest.mark.torch


class TestDynamicQuantization(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return DynamicQuantization()

    def test_linear_weights_take_a_quarter_of_the_space(self, student: Path, teacher: Path) -> None:
        from torch import nn

        linear = sum(m.weight.numel() for m in students.load(teacher).module.modules() if isinstance(m, nn.Linear))
        saved = (teacher / students.WEIGHTS).stat().st_size - (student / students.WEIGHTS).stat().st_size
        assert 0.8 * 3 * linear < saved <= 3 * linear

    def test_answers_stay_near_the_teachers(self, student: Path, teacher: Path, lesson: Lesson) -> None:
        inputs = [example.segments for example in lesson.valid]
        np.testing.assert_allclose(answers(student, inputs), answers(teacher, inputs), atol=0.05)

    def test_says_that_its_answers_depend_on_their_neighbours(self, student: Path) -> None:
        assert not students.load(student).batch_invariant


class TestDynamicQuantizationPerTensor(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return DynamicQuantization(per_channel=False)

    def test_one_scale_a_layer_is_another_student(
        self, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path
    ) -> None:
        DynamicQuantization().compress(teacher, lesson, tmp_path, Machine())
        assert (student / students.WEIGHTS).stat().st_size < (tmp_path / students.WEIGHTS).stat().st_size
