"""Layers that remember, while they are trained, where their weights have been drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from robust_ray.models.alterations.base import alteration

MOVEMENT = "movement"
"""A buffer beside a layer's weight, of its shape: the sum of minus weight times gradient."""


@alteration("watch_movement")
def watch_movement(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Give layers a buffer for their movement, so that it is stored with the training; description: ``layers``."""
    for name in description["layers"]:
        layer = module.get_submodule(name)
        layer.register_buffer(MOVEMENT, torch.zeros_like(layer.get_parameter("weight"), dtype=torch.float32))
    return module


def note_movement(module: nn.Module) -> None:
    """After a step: add its movement to that of each watched layer."""
    for layer in module.modules():
        if MOVEMENT in dict(layer.named_buffers(recurse=False)):
            weight = layer.get_parameter("weight")
            if weight.grad is not None:
                layer.get_buffer(MOVEMENT).addcmul_(weight.detach().float(), weight.grad.float(), value=-1)


def forget_movement(layer: nn.Module) -> Tensor:
    """Take a layer's movement from it."""
    movement = layer.get_buffer(MOVEMENT)
    delattr(layer, MOVEMENT)
    return movement
