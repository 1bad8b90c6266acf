"""Rounds: a cubic schedule, and numbers that make sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import DEFAULT, Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.compression import COMPRESSIONS, Compression, Lesson, MovementPruning, NeuronPruning
from robust_ray.compression.pruning.gradual import GradualPruning, progress
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import training
from tests.contracts import contents

SHARED = [name for name in COMPRESSIONS if issubclass(COMPRESSIONS[name], GradualPruning)]


@given(st.integers(1, 12))
def test_progress_rises_to_the_whole_in_ever_smaller_steps(rounds: int) -> None:
    steps = np.diff([0.0, *progress(rounds)])
    assert len(steps) == rounds
    assert progress(rounds)[-1] == 1.0
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_progress_is_cubic() -> None:
    assert progress(2) == [0.875, 1.0]


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "magnitude_pruning", "sparsity": 0.5},
        {"type": "random_pruning", "sparsity": 0.5},
        {"type": "n_m_pruning"},
        {"type": "layer_pruning", "sparsity": 0.5},
        {"type": "neuron_pruning", "sparsity": 0.5, "importance": "magnitude", "ranking": "layer"},
    ],
    ids=lambda spec: spec["type"],
)
def test_rounds_that_would_all_judge_alike_are_refused(spec: dict[str, object]) -> None:
    build(Compression, {**spec, "rounds": 2, "recovery_epochs": 1}, "compressions[0]")
    with pytest.raises(SweepError, match=r"`recovery_epochs >= 1` must hold with several `rounds`, but got 0 with 2"):
        build(Compression, {**spec, "rounds": 2}, "compressions[0]")


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "wanda_pruning", "sparsity": 0.5},
        {"type": "n_m_pruning", "importance": "wanda"},
        {"type": "head_pruning", "sparsity": 0.5},
        {"type": "head_pruning", "sparsity": 0.5, "importance": "magnitude"},
    ],
    ids=str,
)
def test_rounds_that_judge_what_is_left_need_no_recovery(spec: dict[str, object]) -> None:
    build(Compression, {**spec, "rounds": 2}, "compressions[0]")


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"recovery_epochs": -1}, r"`recovery_epochs >= 0` must hold, but got -1; 0 is for no recovery"),
        ({"rounds": 0}, r"`rounds >= 1` must hold, but got 0; give a positive"),
    ],
)
def test_impossible_rounds_are_named(name: str, fields: dict[str, object], refusal: str) -> None:
    needed = {} if name == "n_m_pruning" else {"sparsity": 0.5}
    with pytest.raises(SweepError, match=rf"compressions\[0\]: {refusal}"):
        build(Compression, {"type": name, **needed, **fields}, "compressions[0]")


@pytest.mark.parametrize("name", [name for name in SHARED if name != "n_m_pruning"])
@pytest.mark.parametrize("sparsity", [0.0, 1.0, 1.5])
def test_sparsity_out_of_range_is_named(name: str, sparsity: float) -> None:
    with pytest.raises(SweepError, match=f"`0 < sparsity < 1` must hold, but got {sparsity}; type 'none' is for no"):
        build(Compression, {"type": name, "sparsity": sparsity}, "compressions[0]")


@pytest.mark.torch
@pytest.mark.parametrize(
    "compression",
    [
        MovementPruning(sparsity=0.6, rounds=3),
        NeuronPruning(sparsity=0.6, rounds=3, recovery_epochs=1),
    ],
    ids=lambda compression: str(compression.type),
)
def test_rounds_that_were_done_before_a_kill_are_not_done_again(
    compression: Compression, teacher: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(lesson, train=lesson.train[:16], valid=lesson.valid[:8])
    trainings = Mock(wraps=training.fine_tune)
    monkeypatch.setattr(training, "fine_tune", trainings)
    compression.compress(teacher, short, tmp_path / "at once", Machine())
    trainings.side_effect = [DEFAULT, DEFAULT, KeyboardInterrupt]
    with pytest.raises(KeyboardInterrupt):
        compression.compress(teacher, short, tmp_path / "killed", Machine())
    trainings.reset_mock(side_effect=True)
    compression.compress(teacher, short, tmp_path / "killed", Machine())
    assert trainings.call_count == 1
    assert contents(tmp_path / "killed") == contents(tmp_path / "at once")
