"""Magnitude pruning: the smallest go, nothing out of scope is touched, and zeros stay zeros."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robust_ray.compression import Compression, MagnitudePruning
from robust_ray.compression._layers import layers_in, weight_of
from robust_ray.models import students
from tests.compression.pruning.zeros import zeros
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch


class TestMagnitudePruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return MagnitudePruning(sparsity=0.4)

    def test_share_of_zeros_is_exact(self, student: Path) -> None:
        zero, total = zeros(student, "attention")
        assert zero == round(0.4 * total)

    def test_the_smallest_go_and_nothing_else_changes(self, student: Path, teacher: Path) -> None:
        before, after = students.load(teacher).module, students.load(student).module
        scope = {f"{name}.weight" for name in layers_in("attention", after)}
        gone, left = [], []
        for (name, old), new in zip(before.named_parameters(), after.parameters(), strict=True):
            kept = new != 0 if name in scope else torch.ones_like(new, dtype=torch.bool)
            assert torch.equal(old[kept], new[kept]), name
            if name in scope:
                gone.append(old[~kept].abs())
                left.append(old[kept].abs())
        assert torch.cat(gone).max() <= torch.cat(left).min()


class TestMagnitudePruningInRounds(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return MagnitudePruning(sparsity=0.8, scope="linear", ranking="layer", rounds=2, recovery_epochs=1)

    def test_every_layer_loses_its_share_while_the_rest_learns(self, student: Path, teacher: Path) -> None:
        before, after = (layers_in("linear", students.load(folder).module) for folder in (teacher, student))
        for name, layer in after.items():
            old, new = weight_of(before[name]), weight_of(layer)
            assert int((new == 0).sum()) == round(0.8 * new.numel())
            assert not torch.equal(old[new != 0], new[new != 0])
