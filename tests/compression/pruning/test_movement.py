"""Movement pruning: what fine-tuning draws towards zero goes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from robust_ray.compression import Compression, Lesson, MovementPruning
from robust_ray.compression._layers import layers_in, weight_of
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import students
from robust_ray.models.alterations.movement import MOVEMENT
from robust_ray.models.training import logits
from tests.compression.pruning.zeros import zeros
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch


class TestMovementPruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return MovementPruning(sparsity=0.7, scope="linear", rounds=2, recovery_epochs=1)

    def test_share_of_zeros_is_exact(self, student: Path) -> None:
        zero, total = zeros(student, "linear")
        assert zero == round(0.7 * total)

    def test_nothing_of_the_watch_is_left(self, student: Path) -> None:
        assert json.loads((student / "architecture.json").read_text())["alterations"] == []
        assert not any(MOVEMENT in name for name in students.load(student).module.state_dict())

    def test_it_has_learned(self, student: Path, lesson: Lesson) -> None:
        predicted = logits(students.load(student), lesson.valid, Machine()).argmax(1)
        assert np.mean(predicted == [example.label for example in lesson.valid]) >= 0.9


def test_weights_that_a_step_has_moved_away_from_zero_score_higher(
    teacher: Path, lesson: Lesson, tmp_path: Path
) -> None:
    """The first step of Adam follows the sign of each gradient."""
    step = replace(lesson.training, learning_rate=1e-4, warmup=0.0, weight_decay=0.0, batch_size=len(lesson.train))
    network, scores = MovementPruning(sparsity=0.5, scope="linear").judge(
        students.load(teacher), replace(lesson, training=step), Machine(), tmp_path
    )
    before = layers_in("linear", students.load(teacher).module)
    for name, layer in layers_in("linear", network.module).items():
        old, score = weight_of(before[name]), scores[name]
        outwards = (weight_of(layer).abs() - old.abs()).sign()
        clear = (score.abs() > score.abs().quantile(0.2)) & (old.abs() > 1e-3)
        assert torch.equal(outwards[clear], score.sign()[clear])


def test_watching_takes_an_epoch() -> None:
    with pytest.raises(SweepError, match="`movement_epochs >= 1` must hold, but got 0"):
        MovementPruning(sparsity=0.5, movement_epochs=0)
