"""Linear layers split in two thinner ones, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from robust_ray.models.alterations.base import alteration
from robust_ray.models.alterations.slicing import outputs_first


@alteration("low_rank")
def low_rank(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Linear layers in two factors, which :meth:`FactoredLinear.set` or a checkpoint gives their numbers.

    Description: ``ranks``, the name of each layer → its rank.
    """
    for name, rank in description["ranks"].items():
        module.set_submodule(name, FactoredLinear(module.get_submodule(name), rank))
    return module


class FactoredLinear(nn.Module):
    """A linear layer whose weights are a product: ``up(down(inputs))``, both of them linear layers themselves."""

    def __init__(self, layer: Any, rank: int) -> None:
        super().__init__()
        outputs, inputs = outputs_first(layer).shape
        self.down = nn.Linear(inputs, rank, bias=False, device="meta")
        self.up = nn.Linear(rank, outputs, bias=False, device="meta")
        self.set(layer.weight.new_zeros(outputs, rank), layer.weight.new_zeros(rank, inputs))
        self.up.bias = layer.bias

    @property
    def weight(self) -> Tensor:
        """What says in which number format the layer computes: T5 asks its layers before it calls them."""
        return self.up.weight

    def set(self, up: Tensor, down: Tensor) -> None:
        """Take ``(outputs, rank)`` and ``(rank, inputs)`` weights."""
        self.up.weight, self.down.weight = nn.Parameter(up.contiguous()), nn.Parameter(down.contiguous())

    def forward(self, inputs: Tensor) -> Tensor:
        """``(…, inputs)`` → ``(…, outputs)``."""
        outputs: Tensor = self.up(self.down(inputs))
        return outputs
