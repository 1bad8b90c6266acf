"""Where the weights lie that a scope names."""

from __future__ import annotations

from torch import Tensor, nn
from transformers import PreTrainedModel

from robust_ray.compression.scope import Scope
from robust_ray.models.alterations.slicing import is_linear
from robust_ray.models.writing.decoder import DecoderLayer

ATTENTION = frozenset(
    {"query", "key", "value"}  # RoBERTa, BERT, our decoder
    | {"q_proj", "k_proj", "v_proj"}  # PLBART, BART, Qwen2, StarCoder2
    | {"q", "k", "v"}  # T5
    | {"query_proj", "key_proj", "value_proj"}  # DeBERTa
    | {"q_lin", "k_lin", "v_lin"}  # DistilBERT
    | {"c_attn", "qkv_proj", "query_key_value", "Wqkv"}  # all three in one: GPT-2, CodeGen, GPT-NeoX, ModernBERT
)
"""Layers that make queries, keys and values."""

Layers = dict[str, nn.Module]
"""Linear layers and embeddings, by their names in the network."""


def layers_in(scope: Scope, module: nn.Module) -> Layers:
    """The layers of a network that a scope names, in their order; of several that share a weight, the first.

    They are those of the pretrained network and of a new decoder behind it; never those of a head.
    """
    chosen: Layers = {}
    seen: set[nn.Parameter] = set()
    for name, layer in _body(module).items():
        is_attention = not ATTENTION.isdisjoint(name.split("."))
        wanted = is_linear(layer) and (is_attention or scope != "attention")
        wanted = wanted or (isinstance(layer, nn.Embedding) and scope == "all")
        if wanted and (weight := layer.get_parameter("weight")) not in seen:
            chosen[name] = layer
            seen.add(weight)
    return chosen


def matrix(layer: nn.Module, tensor: Tensor) -> Tensor:
    """What has the shape of a layer's weight, as ``(outputs, inputs)``, without copying; an embedding's are tokens."""
    return tensor if isinstance(layer, nn.Linear) else tensor.T


def weight_of(layer: nn.Module) -> Tensor:
    """``(outputs, inputs)`` weights of a layer, to be changed in place."""
    return matrix(layer, layer.get_parameter("weight").detach())


def _body(module: nn.Module) -> Layers:
    """All parts of a network but its head."""
    pretrained = next(part for part in module.modules() if isinstance(part, PreTrainedModel))
    roots = [pretrained.base_model, *(part for part in module.modules() if isinstance(part, DecoderLayer))]
    inside = {part for root in roots for part in root.modules()} - {pretrained.get_output_embeddings()}
    return {name: part for name, part in module.named_modules() if part in inside}
