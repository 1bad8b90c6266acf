"""What layers remember of their movement."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robust_ray.models.alterations import watch_movement
from robust_ray.models.alterations.movement import forget_movement, note_movement

pytestmark = pytest.mark.torch


def test_movement_is_the_sum_of_minus_weight_times_gradient() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2).to(torch.bfloat16))
    watch_movement(module, {"layers": ["0", "1"]})
    wanted = {name: torch.zeros_like(module.get_parameter(f"{name}.weight"), dtype=torch.float32) for name in "01"}
    for _ in range(3):
        for name in "01":
            weight = module.get_parameter(f"{name}.weight")
            weight.grad = torch.randn_like(weight)
            wanted[name] -= weight.detach().float() * weight.grad.float()
        note_movement(module)
    assert {"0.movement", "1.movement"} < module.state_dict().keys()
    for name in "01":
        torch.testing.assert_close(forget_movement(module.get_submodule(name)), wanted[name])
    assert not any("movement" in name for name in module.state_dict())


def test_what_has_no_gradient_does_not_move() -> None:
    module = watch_movement(nn.Sequential(nn.Linear(4, 3)), {"layers": ["0"]})
    note_movement(module)
    assert (forget_movement(module[0]) == 0).all()  # type: ignore[index]
