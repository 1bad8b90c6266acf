"""The outputs of an imported classifier, put into the order of the task's classes for good.

Afterwards nothing needs to remember that they ever stood otherwise: the last layer's rows have moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Question


class Output(NamedTuple):
    """Where a logit comes from."""

    row: int
    """Of the last layer."""

    sign: int
    """-1 where the logit is that of the other class."""


def choose(labels: Sequence[str], rows: int, question: Question, where: str) -> list[Output]:
    """What the network's logits are made of: one for each class, or one for two classes.

    Args:
        labels: Names of the classes in the order of the network's outputs; a single one is told by a sigmoid of the
            first output, whatever the others are.
        rows: Outputs of the last layer.
        question: Whose classes they are.
        where: Which component asks, for refusals.

    Raises:
        ModelError: there are not as many outputs as names.
    """
    if len(labels) == 1:
        return [Output(0, 1 if labels[0] == question.label_names[1] else -1)]
    if len(labels) != rows:
        raise ModelError(
            f"{where}: the last layer must have an output for each of {list(labels)}, but it has {rows}; "
            "name the class of its sigmoid in `labels` if it is one, or correct `head`"
        )
    return [Output(labels.index(name), 1) for name in question.label_names]


def last_layer(module: nn.Module) -> str:
    """The name of the layer that makes the logits: the last linear one."""
    *_, last = (name for name, child in module.named_modules() if isinstance(child, nn.Linear))
    return str(last)


def with_rows(module: nn.Module, rows: int) -> None:
    """Give the last layer so many outputs, with weights that mean nothing."""
    name = last_layer(module)
    layer = module.get_submodule(name)
    assert isinstance(layer, nn.Linear)
    _replace(module, name, nn.Linear(layer.in_features, rows, bias=layer.bias is not None))


def reorder(module: nn.Module, outputs: Sequence[Output]) -> None:
    """Make the last layer's outputs these."""
    name = last_layer(module)
    layer = module.get_submodule(name)
    assert isinstance(layer, nn.Linear)
    rows = torch.tensor([output.row for output in outputs])
    signs = torch.tensor([float(output.sign) for output in outputs])
    ordered = nn.Linear(layer.in_features, len(outputs), bias=layer.bias is not None)
    with torch.no_grad():
        ordered.weight.copy_(layer.weight[rows] * signs[:, None])
        if layer.bias is not None:
            ordered.bias.copy_(layer.bias[rows] * signs)
    _replace(module, name, ordered)


def _replace(module: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, leaf = name.rpartition(".")
    setattr(module.get_submodule(parent), leaf, layer)
