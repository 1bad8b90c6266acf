"""N:M pruning: of each few neighbours no more than so many are left."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robust_ray.compression import Compression, Lesson, NMPruning
from robust_ray.compression._layers import layers_in, weight_of
from robust_ray.compression.pruning.gradual import progress
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import students
from tests.compression.pruning.zeros import zeros
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch


class TestTwoOfFour(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return NMPruning()

    def test_two_of_four_are_left_and_they_are_the_largest(self, student: Path, teacher: Path) -> None:
        before, after = (layers_in("linear", students.load(folder).module) for folder in (teacher, student))
        for name, layer in after.items():
            old, new = (weight_of(each).view(-1, 4) for each in (before[name], layer))
            assert ((new == 0).sum(1) == 2).all()
            largest = old.abs().sort(1).values[:, 2:]
            assert new.abs().sort(1).values[:, 2:].equal(largest)


class TestThreeOfEightByWandaInRounds(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return NMPruning(kept=3, group=8, importance="wanda", rounds=2, recovery_epochs=1, calibration_examples=4)

    def test_five_of_eight_are_gone(self, student: Path) -> None:
        zero, total = zeros(student, "linear")
        assert zero == total * 5 // 8


def test_a_short_group_at_the_end_of_a_row_keeps_what_it_may(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    NMPruning(kept=2, group=5, scope="attention").compress(teacher, lesson, tmp_path, Machine())
    for layer in layers_in("attention", students.load(tmp_path).module).values():
        weight = weight_of(layer)
        assert weight.shape[1] == 6 * 5 + 2
        assert ((weight[:, :30] != 0).view(-1, 6, 5).sum(2) == 2).all()
        assert (weight[:, 30:] != 0).all()


@pytest.mark.parametrize(("kept", "group"), [(0, 4), (4, 4), (5, 4)])
def test_impossible_patterns_are_named(kept: int, group: int) -> None:
    with pytest.raises(SweepError, match=f"`0 < kept < group` must hold, but got {kept} of {group}; 2 of 4 is what"):
        NMPruning(kept=kept, group=group)


def test_more_rounds_than_weights_of_a_group_that_go_are_refused() -> None:
    with pytest.raises(SweepError, match=r"`rounds <= 2` must hold where so many of each group go, but got 3"):
        NMPruning(rounds=3, recovery_epochs=1)


@pytest.mark.parametrize(("kept", "group"), [(2, 4), (1, 4), (3, 8)])
def test_every_pattern_is_reached_in_the_last_round(kept: int, group: int) -> None:
    pruning = NMPruning(kept=kept, group=group, rounds=group - kept, recovery_epochs=1)
    score = torch.arange(float(group))[None]
    gone = [int(pruning.chosen([score], share)[0].sum()) for share in progress(pruning.rounds)]
    assert gone[0] > 0
    assert gone[-1] == group - kept > gone[-2]
