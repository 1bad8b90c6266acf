"""Networks with fewer heads, neurons or layers: smaller tensors, and less to compute.

A description says what is ``kept`` of each block or stack that has lost something, by the name it has in the network
as it was before: ``{"type": "keep_heads", "kept": {"encoder.layer.0.attention": "0,2-3"}}``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from robust_ray.models.alterations.anatomy import T5_ATTENTION, T5_LAYER, class_of, heads, neurons, stacks
from robust_ray.models.alterations.base import alteration


@alteration("keep_heads")
def keep_heads(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Leave heads of attention out; the answers are those of a network in which they give nothing."""
    give_biases(module)
    blocks = heads(module)
    for name, kept in description["kept"].items():
        blocks[name].keep(numbers(kept))
    return module


@alteration("keep_neurons")
def keep_neurons(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Leave neurons of feed-forward blocks out; the answers are those of a network in which they give nothing."""
    blocks = neurons(module)
    for name, kept in description["kept"].items():
        blocks[name].keep(numbers(kept))
    return module


@alteration("keep_layers")
def keep_layers(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Leave layers out; the answers are those of a network in which they hand on what they are given."""
    for name, kept in description["kept"].items():
        path, _, attribute = name.rpartition(".")
        _keep_layers(module.get_submodule(path), attribute, numbers(kept))
    return module


def _keep_layers(owner: Any, attribute: str, kept: Sequence[int]) -> None:
    """The same for one stack, an attribute of the module that walks through it."""
    layers = getattr(owner, attribute)
    chosen = [layers[i] for i in kept]
    if class_of(layers[0]) == T5_LAYER:
        _hand_bias(layers[0].layer[0].SelfAttention, chosen[0].layer[0].SelfAttention)
    for i, layer in enumerate(chosen):
        for part in layer.modules():
            if hasattr(part, "layer_idx"):
                part.layer_idx = i  # where its keys and values lie in a cache
    setattr(owner, attribute, nn.ModuleList(chosen))
    types = getattr(getattr(owner, "config", None), "layer_types", None)
    if types:
        owner.config.num_hidden_layers = len(kept)
        owner.config.layer_types = [types[i] for i in kept]


def give_biases(module: nn.Module) -> None:
    """Give each layer of a T5 a table of position biases.

    The first layer has one, and hands the biases on to the others: that ends when layers have different heads.
    """
    for layers in stacks(module).values():
        if class_of(layers[0]) != T5_LAYER:
            continue
        first, *others = (layer.get_submodule("layer.0.SelfAttention") for layer in layers)
        if all(attention.has_relative_attention_bias for attention in others):
            continue
        for attention in others:
            _hand_bias(first, attention)
        for part in layers.modules():
            if class_of(part) == T5_ATTENTION:
                part.register_forward_pre_hook(_ignore_bias, with_kwargs=True)


def _hand_bias(giver: Any, taker: Any) -> None:
    """A copy of the table of position biases, to an attention that has none."""
    if not taker.has_relative_attention_bias:
        taker.relative_attention_bias = copy.deepcopy(giver.relative_attention_bias)
        taker.has_relative_attention_bias = True


def _ignore_bias(attention: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return given, {**named, "position_bias": None}


def spell(kept: Iterable[int]) -> str:
    """Rising numbers as text, what follows one another drawn together: ``0,2-4``."""
    runs: list[list[int]] = []
    for number in kept:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def numbers(text: str) -> list[int]:
    """The numbers that :func:`spell` has spelt."""
    ends = [run.partition("-") for run in text.split(",")]
    return [number for first, _, last in ends for number in range(int(first), int(last or first) + 1)]
