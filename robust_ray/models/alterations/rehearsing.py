"""Linear layers that answer as their quantized selves will, while their weights are still trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_ray.models.alterations.base import alteration
from robust_ray.models.alterations.integers import int8_linear
from robust_ray.models.alterations.linear_layers import Make, replace_linear
from robust_ray.models.alterations.rounding import straight_through
from robust_ray.models.alterations.stored import stored_linear

QUANTIZED: Mapping[str, Callable[[Mapping[str, Any]], Make]] = {
    "stored_weights": stored_linear,
    "int8_products": int8_linear,
}
"""What makes the layers of an alteration, by its ``type``."""


class Quantized(Protocol):
    """A quantized linear layer, as far as it is rehearsed."""

    def seen(self, inputs: Tensor) -> Tensor:
        """``(…, in)``: the inputs as they are multiplied."""
        ...

    def whole(self) -> Tensor:
        """``(out, in)`` weights, as they are multiplied."""
        ...


@alteration("rehearsal")
def rehearsal(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Every linear layer as a later alteration will make it; description: that one, as ``of``."""
    change = description["of"]
    make = QUANTIZED[change["type"]](change)
    return replace_linear(module, lambda name, linear: RehearsedLinear(linear, name, make))


def end_rehearsal(module: nn.Module) -> nn.Module:
    """Plain linear layers again, with the weights they have learned."""
    for name, part in list(module.named_modules()):
        if isinstance(part, RehearsedLinear):
            plain = nn.Linear(part.in_features, part.out_features, device="meta")
            plain.weight, plain.bias = part.weight, part.bias
            module.set_submodule(name, plain)
    return module


class RehearsedLinear(nn.Linear):
    """A linear layer that rounds its weights and inputs for every product; gradients pass straight through.

    Source: Jacob et al., CVPR 2018, section 3.
    Deviations: gradients pass also where a number is cut off at the end of a range.
    """

    def __init__(self, linear: nn.Linear, name: str, make: Callable[[str, nn.Linear], Any]) -> None:
        super().__init__(linear.in_features, linear.out_features, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self._name, self._make = name, make

    def forward(self, inputs: Tensor) -> Tensor:
        """``(…, in)`` → ``(…, out)``."""
        with torch.no_grad():
            layer: Quantized = self._make(self._name, self)
            weights, seen = layer.whole(), layer.seen(inputs)
        return functional.linear(straight_through(inputs, seen), straight_through(self.weight, weights), self.bias)
