"""Recovery: it learns, and what was pruned before stays pruned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from robust_ray.compression import Lesson
from robust_ray.compression.recovery import Hold, recover, zeros
from robust_ray.core.machine import Machine
from robust_ray.models import students

pytestmark = pytest.mark.torch


def test_no_epochs_leave_the_network_as_it_is(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    network = students.load(teacher)
    assert recover(network, lesson, 0, Machine(), tmp_path) is network
    assert not list(tmp_path.iterdir())


def test_zeros_of_matrices_stay_and_all_else_learns(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    network = students.load(teacher)
    dense = network.module.get_parameter("dense.weight")
    dense.data[:, ::2] = 0.0
    before = {name: parameter.detach().clone() for name, parameter in network.module.named_parameters()}
    steps: list[int] = []
    few = replace(lesson, training=replace(lesson.training, batch_size=48))
    network = recover(network, few, 1, Machine(), tmp_path, after_step=lambda module: steps.append(1))
    assert len(steps) == 2
    after = network.module.get_parameter("dense.weight")
    assert (after[:, ::2] == 0).all()
    assert (after[:, 1::2] != before["dense.weight"][:, 1::2]).any()
    assert not network.module.training


def test_zeros_are_put_back_after_what_else_is_done() -> None:
    layer = nn.Linear(3, 2)
    layer.weight.data[0, 1] = 0.0
    layer.bias.data[0] = 0.0

    def fill(module: nn.Module) -> None:
        for parameter in module.parameters():
            nn.init.ones_(parameter)

    Hold(zeros(layer), fill)(layer)
    assert torch.equal(layer.weight, torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]))
    assert torch.equal(layer.bias, torch.ones(2))
