"""Linear layers that multiply int8 by int8, exactly: fast where a processor or a GPU has instructions for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_ray.models.alterations.base import alteration
from robust_ray.models.alterations.linear_layers import Make, replace_linear
from robust_ray.models.alterations.precise_attention import attend_precisely
from robust_ray.models.alterations.rounding import LARGEST_INT8, int8, largest


@alteration("int8_products", inference_only=True)
def int8_products(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Every linear layer on int8 weights and int8 inputs.

    Description: ``ranges``, the name of each layer → the greatest magnitude of what it is given; for a layer that is
    not named, every row of inputs has the range of its own.
    """
    replace_linear(module, int8_linear(description))
    attend_precisely(module)
    return module


def int8_linear(description: Mapping[str, Any]) -> Make:
    """What makes a layer of the same description."""
    return lambda name, linear: Int8Product(linear, description["ranges"].get(name))


class Int8Product(nn.Module):
    """A linear layer on int8 weights and inputs, both symmetric around zero.

    Whole numbers are added up, so that no sum depends on the order; and a row of inputs is rounded without a look at
    others. With attention in float64, an answer is therefore the same in whatever batch it is asked for.
    """

    rounds_inputs = True
    """Whether what it is given is rounded."""

    weight: Tensor
    """``(out, in)`` int8."""

    scale: Tensor
    """``(out,)`` float32, a step of each output's weights."""

    bias: Tensor | None
    """``(out,)``, as it was."""

    def __init__(self, linear: nn.Linear, reach: float | None) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weights = linear.weight.detach().float()
        self.register_buffer("weight", int8(weights, largest(weights)))
        self.register_buffer("scale", largest(weights).squeeze(1) / LARGEST_INT8)
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().clone())
        self._reach = reach
        self._dtype = linear.weight.dtype

    def forward(self, inputs: Tensor) -> Tensor:
        """``(…, in)`` → ``(…, out)``, in the number format of the weights it was made of."""
        codes, step = self._rounded(inputs)
        sums = integer_product(codes.flatten(0, -2), self.weight).view(*inputs.shape[:-1], -1)
        outputs = sums.float().mul_(self.scale).mul_(step)
        return (outputs if self.bias is None else outputs.add_(self.bias)).to(self._dtype)

    def seen(self, inputs: Tensor) -> Tensor:
        """``(…, in)``: the inputs as they are multiplied."""
        codes, step = self._rounded(inputs)
        return (codes * step).to(inputs.dtype)

    def whole(self) -> Tensor:
        """``(out, in)`` weights, as they are multiplied."""
        return (self.weight * self.scale[:, None]).to(self._dtype)

    def stored_numbers(self) -> list[Tensor]:
        """Weights and biases."""
        return [self.weight] if self.bias is None else [self.weight, self.bias]

    def _rounded(self, inputs: Tensor) -> tuple[Tensor, Tensor | float]:
        """``(…, in)`` int8, and what a step of it is worth."""
        inputs = inputs.float()
        reach = largest(inputs) if self._reach is None else self._reach
        return int8(inputs, reach), reach / LARGEST_INT8


def integer_product(left: Tensor, right: Tensor) -> Tensor:
    """``(n, m)`` int8 and ``(k, m)`` int8 → ``(n, k)`` int32, each row of the left by each of the right, exactly."""
    if not adds_up_exactly(left.device.type):
        return by_floats(left, right)
    return by_kernel(left, right, least_rows=1 if left.device.type == "cpu" else 24)


@cache
def adds_up_exactly(device: str) -> bool:
    """Whether a kind of device has a kernel for such products that is exact: in some processors sums overflow.

    Source: https://github.com/huggingface/optimum-quanto/pull/309, where one without VNNI is found to do so.
    """
    left = (torch.arange(32 * 512) % 255 - 127).to(torch.int8).view(32, 512)
    right = torch.full((16, 512), 127, dtype=torch.int8)
    right[::2] = left[:8]
    try:
        found = torch._int_mm(left.to(device), right.to(device).T)
    except (RuntimeError, NotImplementedError):
        return False
    return torch.equal(found.cpu(), by_floats(left, right))


def by_kernel(left: Tensor, right: Tensor, least_rows: int) -> Tensor:
    """The same by torch's kernel; on a GPU it wants inner dimension and columns by the eight, and above sixteen rows.

    On a processor it errs where the inner dimension is one: https://github.com/pytorch/pytorch/issues/195066.
    """
    rows, columns = len(left), len(right)
    left, right = _filled_up(left, max(least_rows, rows)), _filled_up(right, columns + -columns % 8)
    return torch._int_mm(left, right.T)[:rows, :columns]


def by_floats(left: Tensor, right: Tensor) -> Tensor:
    """The same in float64, which holds every such sum, and which autocast leaves alone."""
    return (left.double() @ right.double().T).int()


def _filled_up(matrix: Tensor, rows: int) -> Tensor:
    """With zeros, to so many rows, and to columns by the eight."""
    missing = (0, -matrix.shape[1] % 8, 0, rows - len(matrix))
    return functional.pad(matrix, missing) if any(missing) else matrix
