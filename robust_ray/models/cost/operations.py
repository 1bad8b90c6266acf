"""Multiplications and additions of a network's matrix products, counted while it answers."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count
from torch.utils.hooks import RemovableHandle

from robust_ray.core.examples import Input
from robust_ray.models.alterations import StandsForLinear
from robust_ray.models.victim import NetworkVictim


def operations(victim: NetworkVictim, one: Input) -> int:
    """What it takes to answer for one input: as executed, so a zero weight counts as much as any other.

    A product of ``(n, m)`` and ``(m, k)`` is ``2nmk``, whatever numbers it is of; of attention, the masked part counts
    too. Norms, activations and look-ups are left out, as is customary.

    Deviation: torch's own counter knows neither attention on a CPU nor kernels on quantized numbers. The former is
    taught to it here; a layer that stores its numbers otherwise counts by its shape.
    """
    encodings = victim.encode([one])
    with _Counter(victim.network.module) as counter:
        victim.predict(encodings)
    return counter.total


class _Counter:
    """Counts what a network does in a block of work."""

    total = 0

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._flops = FlopCounterMode(display=False, custom_mapping=_UNKNOWN_TO_TORCH)
        self._hooks: list[RemovableHandle] = []
        self._at_start = 0
        self._correction = 0

    def __enter__(self) -> Self:
        for part in self._module.modules():
            if isinstance(part, StandsForLinear):
                self._hooks += [part.register_forward_pre_hook(self._enter), part.register_forward_hook(self._leave)]
        self._flops.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flops.__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
        for hook in self._hooks:
            hook.remove()
        self.total = self._flops.get_total_flops() + self._correction

    def _enter(self, layer: nn.Module, given: tuple[Any, ...]) -> None:
        self._at_start = self._flops.get_total_flops()

    def _leave(self, layer: Any, given: tuple[Tensor, ...], made: Tensor) -> None:
        """Put the layer's operations by its shape in the place of what torch has seen of them."""
        seen = self._flops.get_total_flops() - self._at_start
        self._correction += 2 * given[0].numel() * layer.out_features - seen


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    """Operations of attention, by its shapes."""
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]


_UNKNOWN_TO_TORCH = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention}
