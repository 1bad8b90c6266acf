"""Linear layers with fewer inputs or outputs, tables with fewer columns.

The linear layers of GPT-2 (``Conv1D``) have their weights transposed.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D


def is_linear(layer: nn.Module) -> bool:
    """Whether a module is a linear layer with weights as they were trained."""
    return type(layer) in (nn.Linear, Conv1D)


def outputs_first(layer: nn.Module) -> Tensor:
    """``(outputs, inputs)`` weights, as a view."""
    weight = layer.get_parameter("weight")
    return weight.T if isinstance(layer, Conv1D) else weight


def keep_outputs(layer: Any, kept: Tensor) -> None:
    """Leave out all outputs of a linear layer but those of these numbers."""
    is_transposed = isinstance(layer, Conv1D)
    layer.weight = _kept(layer.weight, 1 if is_transposed else 0, kept)
    if layer.bias is not None:
        layer.bias = _kept(layer.bias, 0, kept)
    setattr(layer, "nf" if is_transposed else "out_features", len(kept))


def keep_inputs(layer: Any, kept: Tensor) -> None:
    """Leave out all inputs of a linear layer but those of these numbers."""
    is_transposed = isinstance(layer, Conv1D)
    layer.weight = _kept(layer.weight, 0 if is_transposed else 1, kept)
    setattr(layer, "nx" if is_transposed else "in_features", len(kept))


def keep_columns(table: Any, kept: Tensor) -> None:
    """Leave out all columns of an embedding but those of these numbers."""
    table.weight = _kept(table.weight, 1, kept)
    table.embedding_dim = len(kept)


def _kept(parameter: nn.Parameter, axis: int, kept: Tensor) -> nn.Parameter:
    return nn.Parameter(parameter.detach().index_select(axis, kept.to(parameter.device)), parameter.requires_grad)
