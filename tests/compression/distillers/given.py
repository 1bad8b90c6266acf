"""What the distillers are given: answers of the teacher, and samples as if they had been trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.compression import Compression, Lesson, Measured
from robust_ray.core.examples import generator
from robust_ray.core.machine import Machine
from tests.contracts import CompressionContract

BOUNDS = {"layers": (1.0, 1.0), "max_length": (32.0, 48.0), "tokenizer": (1.0, 1.0), "vocabulary": (1000.0, 1200.0)}
"""Students that learn in a second."""


class DistillerContract(CompressionContract):
    """That of a compression, which has the answers and the samples that it needs."""

    @pytest.fixture(scope="class")
    def lesson(
        self, compression: Compression, teacher: Path, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory
    ) -> Lesson:
        """The usual lesson, and these."""
        return lesson_for(compression, teacher, lesson, tmp_path_factory.mktemp("answers"))


def lesson_for(compression: Compression, teacher: Path, lesson: Lesson, folder: Path) -> Lesson:
    """A lesson with what a compression needs; the answers are kept in a folder."""
    from robust_ray.compression.distillation.teaching import teach

    teach(teacher, lesson.train, compression.augmentation, lesson.seed, Machine()).save(folder)
    rng = generator("samples")
    samples = [
        Measured(student=each.student, accuracy=float(rng.uniform(0.5, 0.9)), flips=int(rng.integers(30)))
        for each in compression.samples(lesson.question, lesson.seed)
    ]
    return replace(lesson, teacher_answers=folder, samples=samples)
