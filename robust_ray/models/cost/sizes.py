"""The sizes of a network, as :mod:`robust_ray.models.bert_formula` takes them."""

from __future__ import annotations

from typing import Any

from torch import nn

from robust_ray.models.alterations import StandsForLinear
from robust_ray.models.alterations.anatomy import class_of, stacks
from robust_ray.models.alterations.slicing import is_linear, outputs_first
from robust_ray.models.bert_formula import Sizes

BERT_LAYERS = (
    "transformers.models.bert.modeling_bert.BertLayer",
    "transformers.models.roberta.modeling_roberta.RobertaLayer",
)
ATTENTION = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
FEEDFORWARD = ("intermediate.dense", "output.dense")


def sizes_of(module: nn.Module) -> Sizes | None:
    """The sizes of a network; None of one that is no stack of equal, whole layers of BERT's or RoBERTa's class."""
    found = stacks(module)
    if len(found) != 1:
        return None
    ((name, layers),) = found.items()
    if any(class_of(layer) not in BERT_LAYERS for layer in layers):
        return None
    encoder: Any = module.get_submodule(name.rpartition(".")[0])
    config = encoder.config
    h, a = int(config.hidden_size), int(config.num_attention_heads)
    shapes = {tuple(_shape(layer.get_submodule(part)) for part in (*ATTENTION, *FEEDFORWARD)) for layer in layers}
    wide = _shape(layers[0].get_submodule(FEEDFORWARD[0]))
    if wide is None or shapes != {((h, h),) * 4 + ((h, wide[1]), (wide[1], h))}:
        return None
    return Sizes(int(config.vocab_size), len(layers), h, wide[1], a)


def _shape(layer: nn.Module) -> tuple[int, int] | None:
    """Inputs and outputs of a linear layer; None of anything else."""
    if is_linear(layer):
        outputs, inputs = outputs_first(layer).shape
        return inputs, outputs
    return (layer.in_features, layer.out_features) if isinstance(layer, StandsForLinear) else None
