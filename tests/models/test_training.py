"""Fine-tuning learns, repeats itself, survives a kill, and keeps its best epoch."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robust_ray.core.errors import DataError, ModelError
from robust_ray.models import HuggingFace
from robust_ray.models.students import Network, alter
from robust_ray.models.training import Loss, cross_entropy, fine_tune, logits
from tests.fakes import asks
from tests.models.conftest import CPU, TINY, TRAINING, toy

pytestmark = pytest.mark.torch

TRAIN, VALID = toy(64), toy(20, start=100)


class KilledError(Exception):
    """What stops a training from outside."""


def killed_in_epoch(number: int, steps: int = 8) -> Loss:
    """A loss that is the usual one until the first step after ``number`` epochs."""
    calls = iter(range(number * steps))

    def loss(logits: object, labels: object, indices: object) -> object:
        if next(calls, None) is None:
            raise KilledError
        return cross_entropy(logits, labels, indices)  # type: ignore[arg-type]

    return loss  # type: ignore[return-value]


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
    network = replace(TINY, hidden=32).load(train, asks(), seed=0, workdir=tmp_path)
    network = fine_tune(network, train, valid, replace(TRAINING, epochs=8, patience=8), 0, CPU, tmp_path)
    answers = logits(network, valid, CPU).argmax(1)
    assert np.mean(answers == [example.label for example in valid]) > 0.9


def test_learns_on_top_of_a_pretrained_network(hub_folder: Path, tmp_path: Path) -> None:
    network = HuggingFace(name=str(hub_folder)).load((), asks(), seed=0, workdir=tmp_path)
    tuned = fine_tune(network, TRAIN, VALID, replace(TRAINING, epochs=20, patience=20), 0, CPU, tmp_path)
    assert accuracy(tuned) == 1.0
    assert tuned.max_length == TRAINING.max_length


def test_same_seed_same_weights_whatever_happened_before(tmp_path: Path) -> None:
    import torch

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
        fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path, loss=killed_in_epoch(epochs))
    assert (tmp_path / "training-state").is_dir()
    steps = []
    resumed = fine_tune(
        fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path, after_step=lambda module: steps.append(1)
    )
    assert len(steps) == 8 * (TRAINING.epochs - epochs)
    np.testing.assert_array_equal(logits(whole, VALID, CPU), logits(resumed, VALID, CPU))
    assert not (tmp_path / "training-state").exists()


def test_the_state_of_another_training_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 1, CPU, tmp_path, loss=killed_in_epoch(2))
    whole = fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path / "clean")
    network = fine_tune(fresh(tmp_path), TRAIN, VALID, TRAINING, 0, CPU, tmp_path)
    np.testing.assert_array_equal(logits(whole, VALID, CPU), logits(network, VALID, CPU))


def test_stops_when_patience_ends_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    steps = []
    training = replace(TRAINING, epochs=50, patience=2, learning_rate=1e-9)
    fine_tune(
        fresh(tmp_path), TRAIN, toy(1), training, 0, CPU, tmp_path, after_step=lambda module: steps.append(module)
    )
    assert len(steps) < 8 * 50


def test_the_loss_hook_gets_positions_in_the_training_split(tmp_path: Path) -> None:
    import torch
    from torch import Tensor

    seen: list[int] = []
    labels_of_all = torch.tensor([example.label for example in TRAIN])

    def loss(logits: Tensor, labels: Tensor, indices: Tensor) -> Tensor:
        assert torch.equal(labels_of_all[indices], labels)
        seen.extend(indices.tolist())
        return cross_entropy(logits, labels, indices)

    fine_tune(fresh(tmp_path), TRAIN, VALID, replace(TRAINING, epochs=1), 0, CPU, tmp_path, loss=loss)
    assert sorted(seen) == list(range(len(TRAIN)))


def test_after_step_may_hold_weights_at_zero(tmp_path: Path) -> None:
    import torch
    from torch import nn

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
        fine_tune(network, TRAIN, VALID, TRAINING, 0, CPU, tmp_path, loss=lambda logits, *_: logits.sum() * math.nan)
    int8 = alter(network, {"type": "int8_dynamic", "per_channel": True})
    with pytest.raises(ModelError, match="an int8 network has no gradients"):
        fine_tune(int8, TRAIN, VALID, TRAINING, 0, CPU, tmp_path)
