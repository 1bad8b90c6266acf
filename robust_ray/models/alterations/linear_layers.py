"""Putting something else in the place of a network's linear layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from robust_ray.core.errors import ModelError
from robust_ray.models.alterations.slicing import is_linear

Make = Callable[[str, nn.Linear], nn.Module]
"""Name and linear layer → what is put in its place."""


def own_linear_layers(module: nn.Module) -> dict[str, nn.Module]:
    """The linear layers of a network by name, but those that have their weights from a table of embeddings.

    To quantize the latter would make a network larger: the table stays, and the quantized copy would join it.
    """
    tables = {id(part.weight) for part in module.modules() if isinstance(part, nn.Embedding)}
    return {
        name: part
        for name, part in module.named_modules()
        if is_linear(part) and id(part.get_parameter("weight")) not in tables
    }


def replace_linear(module: nn.Module, make: Make) -> nn.Module:
    """Put what ``make`` makes in the place of each of :func:`own_linear_layers`.

    Raises:
        ModelError: there is none.
    """
    found = own_linear_layers(module)
    if not found:
        raise ModelError(
            f"a quantized network must have linear layers, but {type(module).__name__} has none as they were trained; "
            "quantize before its weights are stored otherwise"
        )
    for name, layer in found.items():
        module.set_submodule(name, make(name, as_linear(layer)))
    return module


def as_linear(layer: Any) -> nn.Linear:
    """A linear layer, GPT-2's with its weights the usual way round."""
    if not isinstance(layer, Conv1D):
        assert isinstance(layer, nn.Linear)
        return layer
    linear = nn.Linear(layer.nx, layer.nf, device="meta")
    linear.weight, linear.bias = nn.Parameter(layer.weight.detach().T.contiguous()), layer.bias
    return linear


def token_tables(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """The tables of token embeddings, by name, and the linear layers that share their weights with them."""
    from transformers import PreTrainedModel

    bodies = [part for part in module.modules() if isinstance(part, PreTrainedModel)]
    weights = {id(body.get_input_embeddings().weight) for body in bodies}
    for name, part in module.named_modules(remove_duplicate=False):
        if isinstance(part, nn.Embedding | nn.Linear) and id(part.weight) in weights:
            yield name, part
