"""What goes on in a network while it computes: the states behind every layer, and what its attention is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

from robust_ray.models.alterations.anatomy import HEADS, class_of, stacks
from robust_ray.models.reading.forward import collate
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import Prepared
from robust_ray.models.writing.writers import PrefixWriter, Writer

ACROSS = frozenset({"encoder_attn", "EncDecAttention", "read", "crossattention"})
"""Attentions that look from one stack into another, as their layers call them."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Of one layer."""

    states: list[Tensor] = field(default_factory=list)
    """``(rows, length, width)``: one tensor."""

    attention: list[Tensor] = field(default_factory=list)
    """Queries, keys and values, ``(rows, length, heads * width)`` each."""


Traces = Mapping[str, Sequence[Trace]]
"""Name of a stack → its layers."""


@contextmanager
def watch(module: nn.Module) -> Iterator[Traces]:
    """While it lasts, one forward pass leaves its traces."""
    traces: dict[str, list[Trace]] = {}
    handles = []
    for name, layers in stacks(module).items():
        traces[name] = [Trace() for _ in layers]
        for layer, trace in zip(layers, traces[name], strict=True):
            handles.append(layer.register_forward_hook(_keep_states(trace)))
            handles += [maker.register_forward_hook(_keep_attention(trace, parts)) for maker, parts in _makers(layer)]
    try:
        yield traces
    finally:
        for handle in handles:
            handle.remove()


def tokens_seen(network: Network, split: Prepared, positions: Sequence[int], device: str) -> dict[str, Tensor]:
    """``(rows, length)`` for each stack, true where a token is, of the examples at ``positions``."""
    tensors = collate(network, [split.rows[i] for i in positions], device)
    read = tensors["attention_mask"].bool()
    if "position_ids" in tensors:  # beside a data flow, the mask says who sees whom
        read = tensors["position_ids"] != network.tokenizer.pad_token_id
    read = read.flatten(0, -2)
    names = stacks(network.module)
    if network.generation is None:
        return dict.fromkeys(names, read)
    writer = cast(Writer, network.module)
    lengths = torch.tensor([[len(writer.start) + len(split.targets.tokens[i]) - 1] for i in positions], device=device)
    written = torch.arange(int(lengths.max()), device=device) < lengths
    if isinstance(writer, PrefixWriter):
        return dict.fromkeys(names, torch.cat([read, written], dim=1))
    return {name: written if "decoder" in name.split(".") else read for name in names}


def _makers(layer: nn.Module) -> Iterator[tuple[nn.Module, int]]:
    """What makes queries, keys and values of a layer's self-attention, and how many of the three each makes."""
    for name, part in layer.named_modules():
        layout = HEADS.get(class_of(part))
        if layout is not None and ACROSS.isdisjoint(name.split(".")):
            yield from ((part.get_submodule(maker), layout.parts) for maker in layout.makers)


def _keep_states(trace: Trace) -> Callable[..., None]:
    def hook(layer: nn.Module, given: Any, made: Any) -> None:
        trace.states[:] = [made[0] if isinstance(made, tuple) else made]

    return hook


def _keep_attention(trace: Trace, parts: int) -> Callable[..., None]:
    def hook(maker: nn.Module, given: Any, made: Tensor) -> None:
        trace.attention.extend(made.chunk(parts, dim=-1))

    return hook
