"""Fine-tuning learns, repeats itself, survives a kill, and keeps its best epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from robust_ray.core.errors import DataError, ModelError
from robust_ray.core.examples import Example
from robust_ray.models import HuggingFace
from robust_ray.models.students import Network, Preprocessing, alter
from robust_ray.models.training import fine_tune, logits
from robust_ray.models.training.criterion import Classification, Prepared
from tests.fakes import asks
from tests.models.conftest import CPU, TINY, TRAINING, toy

pytestmark = pytest.mark.torch

TRAIN, VALID = toy(64), toy(20, start=100)


class KilledError(Exception):
    """What stops a training from outside."""


@dataclass(frozen=True)
class Killed(Classification):
    """The usual criterion until the first step after ``epochs`` epochs."""

    epochs: int
    steps: list[int] = field(default_factory=list)

    def __repr__(self) -> str:
        return repr(Classification())

    def loss(self, network: Network, split: Prepared, positions: Sequence[int], device: str) -> Tensor:
        if len(self.steps) == self.epochs * 8:
            raise KilledError
        self.steps.append(len(positions))
        return super().loss(network, split, positions, device)


@dataclass(frozen=True)
class Watched(Classification):
    """The usual criterion, which remembers the positions it was asked about."""

    labels: Tensor
    seen: list[int] = field(default_factory=list)

    def of(self, logits: Tensor, labels: Tensor, positions: Tensor) -> Tensor:
        assert torch.equal(self.labels[positions], labels)
        self.seen.extend(positions.tolist())
        return super().of(logits, labels, positions)


class Lost(Classification):
    """A loss that is no number."""

    def of(self, logits: Tensor, labels: Tensor, positions: Tensor) -> Tensor:
        return logits.sum() * math.nan


def fresh(tmp_path: Path) -> Network:
    return TINY.load(TRAIN, asks(), seed=0, workdir=tmp_path)


def accuracy(network: Network) -> float:
    answers = logits(network, VALID, CPU).argmax(1)
    return float(np.mean(answers == [example.label for example in VALID]))


def test_learns_a_toy_task(tmp_path: Path) -> None:
    network = replace(TINY, hidden=32).load(TRAIN, asks(), seed=0, workdir=tmp_path)
    training = replace(TRAINING, epochs=8, patience=8)
    assert accuracy(fine_tune(network, TRAIN, VALID, training, 0, CPU, tmp_path)) == 1.0


def test_learns_to_compare_two_segments(tmp_path: Path) -> None:
    train, valid = toy(128, segments=2), toy(40, start=200, segments=2)
    network = replace(TINY, hidden=32).load(train, asks(segments=2), seed=0, workdir=tmp_path)
    network = fine_tune(network, train, valid, replace(TRAINING, epochs=8, patience=8), 0, CPU, tmp_path)
    answers = logits(network, valid, CPU).argmax(1)
    assert np.mean(answers == [example.label for example in valid]) > 0.9


def test_learns_on_top_of_a_pretrained_network(hub_folder: Path, tmp_path: Path) -> None:
    network = HuggingFace(name=str(hub_folder)).load((), asks(), seed=0, workdir=tmp_path)
    tuned = fine_tune(network, TRAIN, VALID, replace(TRAINING, epochs=20, patience=20), 0, CPU, tmp_path)
    assert accuracy(tuned) == 1.0
    assert tuned.max_length == TRAINING.max_length


def test_same_seed_same_weights_whatever_happened_before(tmp_path: Path) -> None:
    first = fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 3, CPU, tmp_path)
    state = torch.random.get_rng_state()
    second = fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 3, CPU, tmp_path)
    assert torch.equal(state, torch.random.get_rng_state())
    other = fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 4, CPU, tmp_path)
    np.testing.assert_array_equal(logits(first, VALID, CPU), logits(second, VALID, CPU))
    assert not np.array_equal(logits(first, VALID, CPU), logits(other, VALID, CPU))


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_killed_training_ends_in_the_same_bits(tmp_path: Path, epochs: int) -> None:
    whole = fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path)
    with pytest.raises(KilledError):
        fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path, criterion=Killed(epochs))
    assert (tmp_path / "training-state").is_dir()
    steps = []
    resumed = fine_tune(
        fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path, after_step=lambda module: steps.append(1)
    )
    assert len(steps) == 8 * (TRAINING.epochs - epochs)
    np.testing.assert_array_equal(logits(whole, VALID, CPU), logits(resumed, VALID, CPU))
    assert not (tmp_path / "training-state").exists()


@pytest.mark.parametrize(
    ("seed", "valid", "preprocessing", "criterion"),
    [
        (1, VALID, "as_is", Classification()),
        (0, VALID[:10], "as_is", Classification()),
        (0, VALID, "one_line", Classification()),
        (0, VALID, "as_is", Watched(torch.tensor([example.label for example in TRAIN]))),
    ],
    ids=["seed", "valid", "preprocessing", "criterion"],
)
def test_the_state_of_another_training_is_not_resumed(
    tmp_path: Path, seed: int, valid: list[Example], preprocessing: Preprocessing, criterion: Classification
) -> None:
    with pytest.raises(KilledError):
        fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path, criterion=Killed(2))
    network, steps = replace(fresh(tmp_path), preprocessing=preprocessing), []
    fine_tune(
        network,
        TRAIN,
        valid,
        TRAINING,
        seed,
        CPU,
        tmp_path,
        criterion=criterion,
        after_step=lambda module: steps.append(1),
    )
    assert len(steps) == 8 * TRAINING.epochs


def test_stops_when_patience_ends_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    steps = []
    training = replace(TRAINING, epochs=50, patience=2, learning_rate=1e-9)
    fine_tune(
        fresh(tmp_path), TRAIN, toy(1), training, 0, CPU, tmp_path, after_step=lambda module: steps.append(module)
    )
    assert len(steps) < 8 * 50


def test_a_criterion_is_asked_about_every_example_once_an_epoch(tmp_path: Path) -> None:
    criterion = Watched(torch.tensor([example.label for example in TRAIN]))
    fine_tune(fresh(tmp_path), TRAIN, VALID, replace(TRAINING, epochs=1), 0, CPU, tmp_path, criterion=criterion)
    assert sorted(criterion.seen) == list(range(len(TRAIN)))


def test_after_step_may_hold_weights_at_zero(tmp_path: Path) -> None:
    def hold(module: nn.Module) -> None:
        with torch.no_grad():
            module.get_parameter("out.weight")[:, :8] = 0.0

    tuned = fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path, after_step=hold)
    weight = tuned.module.get_parameter("out.weight")
    assert torch.count_nonzero(weight[:, :8]) == 0
    assert torch.count_nonzero(weight[:, 8:]) > 0


def test_refusals(tmp_path: Path) -> None:
    network = fresh(tmp_path)
    with pytest.raises(DataError, match="needs training and validation examples, but got 0 and 20"):
        fine_tune(network, (), VALID, TRAINING, 0, CPU, tmp_path)
    with pytest.raises(ModelError, match=r"loss must stay finite, but got nan after epoch 1; lower the learning rate"):
        fine_tune(network, TRAIN, VALID, TRAINING, 0, CPU, tmp_path, criterion=Lost())
    int8 = alter(network, {"type": "int8_dynamic", "per_channel": True})
    with pytest.raises(ModelError, match="a quantized network has no gradients"):
        fine_tune(int8, TRAIN, VALID, TRAINING, 0, CPU, tmp_path)
