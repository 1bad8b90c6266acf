"""What a training that lacked memory computes twice is the same both times, and need not be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from robust_ray.core.examples import Example
from robust_ray.models.students import Network
from robust_ray.models.training import fine_tune
from robust_ray.models.training.criterion import usual
from robust_ray.models.training.recomputing import recomputing
from tests.fakes import asks
from tests.models.alterations import networks
from tests.models.conftest import CPU, TINY, TRAINING, toy

pytestmark = pytest.mark.torch

LITTLE = replace(CPU, recompute=True)
DEEP = replace(TINY, layers=4, dropout=0.1)
TRAIN, VALID = toy(24), toy(8, start=100)


def step(network: Network, examples: list[Example]) -> tuple[dict[str, Tensor], int]:
    """The gradients of a step, dropout and all, and the bytes kept for them between its two halves."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    criterion = usual(network)
    network.module.train()
    with torch.random.fork_rng([]), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        torch.manual_seed(0)
        loss = criterion.loss(network, criterion.prepare(network, examples), range(len(examples)), "cpu")
        between = sum(kept.values())
        loss.backward()  # type: ignore[no-untyped-call]
    found = {name: part.grad for name, part in network.module.named_parameters() if part.grad is not None}
    return found, between


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_every_network_has_the_same_gradients(name: str, shrunk_folder: Callable[[str], Path]) -> None:
    plain, twice = (networks.load(name, shrunk_folder(name.split()[0])) for _ in range(2))
    expected, _ = step(plain, networks.examples(plain))
    with recomputing(twice.module):
        found, _ = step(twice, networks.examples(twice))
    assert found.keys() == expected.keys()
    for part, gradient in found.items():
        assert torch.equal(gradient, expected[part]), part
    assert not any("forward" in vars(part) for part in twice.module.modules())


def test_less_is_kept(tmp_path: Path) -> None:
    plain, twice = (DEEP.load(TRAIN, asks(), seed=0, workdir=tmp_path) for _ in range(2))
    _, all_of_it = step(plain, TRAIN)
    with recomputing(twice.module):
        _, little = step(twice, TRAIN)
    assert little < all_of_it / 2


def test_a_training_ends_in_the_same_bits(tmp_path: Path) -> None:
    ends = []
    for machine in (CPU, LITTLE):
        network = DEEP.load(TRAIN, asks(), seed=0, workdir=tmp_path)
        ends.append(fine_tune(network, TRAIN, VALID, replace(TRAINING, epochs=2), 0, machine, tmp_path))
    one, other = (end.module.state_dict() for end in ends)
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
