"""Several processes take the steps that one would take, and end as one."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from robust_ray.core.errors import ModelError
from robust_ray.models.students import Network
from robust_ray.models.training import fine_tune, logits
from robust_ray.models.training.criterion import Classification, Prepared
from tests.fakes import asks
from tests.models.conftest import CPU, TINY, TRAINING, toy

pytestmark = pytest.mark.torch

TWO = replace(CPU, devices=2)
TRAIN, VALID = toy(33), toy(12, start=100)
"""The last batch of the training split has one example: a process is left without."""

SHORT = replace(TRAINING, epochs=2)


NO_DROPOUT = replace(TINY, dropout=0.0)
"""Dropout is the one thing that processes draw for themselves."""


def fresh(folder: Path) -> Network:
    return NO_DROPOUT.load(TRAIN, asks(), seed=0, workdir=folder)


@dataclass(frozen=True)
class Uneven(Classification):
    """Examples that count as much as they are long, as those do whose targets are texts."""

    def prepare(self, network: Network, examples: Sequence[object]) -> Prepared:
        split = super().prepare(network, examples)  # type: ignore[arg-type]
        return split._replace(weights=[float(length) for length in split.lengths])

    def loss(self, network: Network, split: Prepared, positions: Sequence[int], device: str) -> Tensor:
        losses = torch.stack([super(Uneven, self).loss(network, split, [i], device) for i in positions])
        weights = torch.tensor([split.weights[i] for i in positions])
        return (losses * weights).sum() / weights.sum()


@dataclass(frozen=True)
class Ends(Classification):
    """What makes the second process die after its first epoch: by a signal, or by a loss that is no number."""

    by_signal: bool

    def of(self, logits: Tensor, labels: Tensor, positions: Tensor) -> Tensor:
        if self.by_signal and os.environ.get("RANK") == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        return logits.sum() * float("nan")


def hold(module: nn.Module) -> None:
    with torch.no_grad():
        module.get_parameter("dense.weight")[:4] = 0.0


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    alone, together = (
        fine_tune(fresh(tmp_path), TRAIN, VALID, SHORT, 0, machine, tmp_path, criterion=Uneven(), after_step=hold)
        for machine in (CPU, TWO)
    )
    np.testing.assert_allclose(logits(together, VALID, CPU), logits(alone, VALID, CPU), atol=1e-5)
    before = logits(fresh(tmp_path), VALID, CPU)
    assert np.abs(logits(alone, VALID, CPU) - before).max() > 0.01
    assert torch.count_nonzero(together.module.get_parameter("dense.weight")[:4]) == 0
    assert not (tmp_path / "training-state").exists()


def test_the_mistake_of_a_process_is_the_mistake_of_the_training(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the validation loss must stay finite, but got nan after epoch 1"):
        fine_tune(fresh(tmp_path), TRAIN, VALID, SHORT, 0, TWO, tmp_path, criterion=Ends(by_signal=False))


def test_a_killed_process_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"a process of the training was killed|in process 1 of 2"):
        fine_tune(fresh(tmp_path), TRAIN, VALID, SHORT, 0, TWO, tmp_path, criterion=Ends(by_signal=True))
