"""Attention in float64, so that its results do not depend on how long the rows of a batch are.

Sums of floats depend, in their last bits, on how many numbers a kernel adds up at once, be they zeros. Whoever rounds
what comes out of attention to a few bits makes that visible: some number goes the other way. Of float64, rounded to
float32, nothing is left to be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

INSIDE = frozenset(
    {functional.scaled_dot_product_attention, functional.softmax, torch.softmax, Tensor.softmax}
    | {torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm, torch.baddbmm, torch.einsum}
)
"""What attention consists of, whole or spelt out."""


def attend_precisely(module: nn.Module) -> None:
    """Do what attention consists of in float64, step by step; the states between are as they were.

    Every family calls its classes of attention so. Of one that does not, a batch can be seen in its answers, as it can
    of any network (:func:`robust_ray.models.checks.sanity.is_steady`).
    """
    for part in module.modules():
        if "Attention" in type(part).__name__:
            mode = _Precisely()
            part.register_forward_pre_hook(mode.enter)
            part.register_forward_hook(mode.leave, always_call=True)


class _Precisely(TorchFunctionMode):
    """While it is entered, these functions compute in float64 and answer in the format they would have."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Instead of any function of torch."""
        named = dict(kwargs or {})
        if func not in INSIDE:
            return func(*args, **named)
        given = next(value for value in (*args, *named.values()) if isinstance(value, Tensor))
        wanted = named.pop("dtype", None) or given.dtype
        return func(*map(_wide, args), **{name: _wide(value) for name, value in named.items()}).to(wanted)

    def enter(self, *_: Any) -> None:
        """As a hook, before."""
        self.__enter__()  # type: ignore[no-untyped-call]

    def leave(self, *_: Any) -> None:
        """As a hook, after."""
        self.__exit__(None, None, None)  # type: ignore[no-untyped-call]


def _wide(value: Any) -> Any:
    is_float = isinstance(value, Tensor) and value.is_floating_point()
    return value.to(torch.float64) if is_float else value
