"""Random pruning: so many go as asked for, and more of the same at a higher sparsity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from robust_ray.compression import Compression, Lesson, RandomPruning
from robust_ray.compression._layers import layers_in, weight_of
from robust_ray.core.machine import Machine
from robust_ray.models import students
from tests.compression.pruning.zeros import zeros
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch


def gone(checkpoint: Path) -> torch.Tensor:
    """Where weights of linear layers are zero."""
    weights = [weight_of(layer) for layer in layers_in("linear", students.load(checkpoint).module).values()]
    return torch.cat([weight.flatten() == 0 for weight in weights])


class TestRandomPruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return RandomPruning(sparsity=0.3, scope="linear")

    def test_share_of_zeros_is_exact(self, student: Path) -> None:
        zero, total = zeros(student, "linear")
        assert zero == round(0.3 * total)

    def test_sparsities_are_nested_and_seeds_differ(
        self, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path
    ) -> None:
        RandomPruning(sparsity=0.6, scope="linear").compress(teacher, lesson, tmp_path / "more", Machine())
        assert not (gone(student) & ~gone(tmp_path / "more")).any()
        other = replace(lesson, seed=lesson.seed + 1)
        RandomPruning(sparsity=0.3, scope="linear").compress(teacher, other, tmp_path / "other", Machine())
        assert not torch.equal(gone(student), gone(tmp_path / "other"))
