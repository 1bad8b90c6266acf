"""Where heads, neurons and layers lie in a network of transformers, or of ours.

Heads and neurons are the same thing at two sizes: *units* of a block, each of which makes something of a state by
itself, and whose results are added up. The classes below are known by name, since another class with like-named parts
may arrange its weights otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from robust_ray.core.errors import ModelError
from robust_ray.models.alterations.slicing import is_linear, keep_columns, keep_inputs, keep_outputs, outputs_first
from robust_ray.models.writing.decoder import Attention, DecoderLayer


def name_of(kind: type[nn.Module]) -> str:
    """The full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a class of blocks arranges its units. Places are names of submodules, dots between them."""

    makers: tuple[str, ...]
    """Linear layers whose outputs belong to units, unit by unit."""

    taker: str
    """The linear layer that adds up what the units give."""

    parts: int = 1
    """Times that the outputs of a maker run through all units (queries, keys and values in one)."""

    width: Callable[[Any], int] = lambda block: 1
    """Block → numbers that one unit gives."""

    counters: tuple[str, ...] = ()
    """Attributes that are proportional to the number of units."""

    tables: tuple[str, ...] = ()
    """Embeddings with a column for each unit, where the block has them."""


BERT_HEADS = Layout(
    makers=("self.query", "self.key", "self.value"),
    taker="output.dense",
    width=lambda block: int(block.self.attention_head_size),
    counters=("self.num_attention_heads", "self.all_head_size"),
)
BART_HEADS = Layout(
    makers=("q_proj", "k_proj", "v_proj"),
    taker="out_proj",
    width=lambda block: int(block.head_dim),
    counters=("num_heads",),
)
BERT_NEURONS = Layout(makers=("intermediate.dense",), taker="output.dense")
BART_NEURONS = Layout(makers=("fc1",), taker="fc2")

T5_ATTENTION = "transformers.models.t5.modeling_t5.T5Attention"
T5_LAYER = "transformers.models.t5.modeling_t5.T5Block"

HEADS: Mapping[str, Layout] = {
    "transformers.models.bert.modeling_bert.BertAttention": BERT_HEADS,
    "transformers.models.roberta.modeling_roberta.RobertaAttention": BERT_HEADS,
    "transformers.models.bart.modeling_bart.BartAttention": BART_HEADS,
    "transformers.models.plbart.modeling_plbart.PLBartAttention": BART_HEADS,
    "transformers.models.gpt2.modeling_gpt2.GPT2Attention": Layout(
        makers=("c_attn",),
        taker="c_proj",
        parts=3,
        width=lambda block: int(block.head_dim),
        counters=("num_heads", "split_size"),
    ),
    T5_ATTENTION: Layout(
        makers=("q", "k", "v"),
        taker="o",
        width=lambda block: int(block.key_value_proj_dim),
        counters=("n_heads", "inner_dim"),
        tables=("relative_attention_bias",),
    ),
    "transformers.models.qwen2.modeling_qwen2.Qwen2Attention": Layout(
        makers=("q_proj", "k_proj", "v_proj"),
        taker="o_proj",
        width=lambda block: int(block.head_dim * block.num_key_value_groups),
    ),
    name_of(Attention): Layout(
        makers=("query", "key", "value"),
        taker="out",
        width=lambda block: int(block.out.in_features // block.heads),
        counters=("heads",),
    ),
}
"""Attention, by class. In Qwen2, query heads that share a key are one unit."""

NEURONS: Mapping[str, Layout] = {
    "transformers.models.bert.modeling_bert.BertLayer": BERT_NEURONS,
    "transformers.models.roberta.modeling_roberta.RobertaLayer": BERT_NEURONS,
    "transformers.models.bart.modeling_bart.BartEncoderLayer": BART_NEURONS,
    "transformers.models.bart.modeling_bart.BartDecoderLayer": BART_NEURONS,
    "transformers.models.plbart.modeling_plbart.PLBartEncoderLayer": BART_NEURONS,
    "transformers.models.plbart.modeling_plbart.PLBartDecoderLayer": BART_NEURONS,
    "transformers.models.gpt2.modeling_gpt2.GPT2MLP": Layout(makers=("c_fc",), taker="c_proj"),
    "transformers.models.t5.modeling_t5.T5DenseActDense": Layout(makers=("wi",), taker="wo"),
    "transformers.models.t5.modeling_t5.T5DenseGatedActDense": Layout(makers=("wi_0", "wi_1"), taker="wo"),
    "transformers.models.qwen2.modeling_qwen2.Qwen2MLP": Layout(makers=("gate_proj", "up_proj"), taker="down_proj"),
    name_of(DecoderLayer): Layout(makers=("wide",), taker="narrow"),
}
"""Feed-forward blocks, by class."""

LAYERS = frozenset(
    {
        "transformers.models.bert.modeling_bert.BertLayer",
        "transformers.models.roberta.modeling_roberta.RobertaLayer",
        "transformers.models.bart.modeling_bart.BartEncoderLayer",
        "transformers.models.bart.modeling_bart.BartDecoderLayer",
        "transformers.models.plbart.modeling_plbart.PLBartEncoderLayer",
        "transformers.models.plbart.modeling_plbart.PLBartDecoderLayer",
        "transformers.models.gpt2.modeling_gpt2.GPT2Block",
        T5_LAYER,
        "transformers.models.qwen2.modeling_qwen2.Qwen2DecoderLayer",
        name_of(DecoderLayer),
    }
)
"""Layers, by class: from states to states of the same shape."""


@dataclass(frozen=True)
class Block:
    """An attention or a feed-forward block of a network."""

    module: nn.Module
    layout: Layout

    @property
    def units(self) -> int:
        """How many there are."""
        return outputs_first(self.taker).shape[1] // self.layout.width(self.module)

    @property
    def taker(self) -> nn.Module:
        """What adds up what the units give, ``(…, units * width)``."""
        return self.module.get_submodule(self.layout.taker)

    @property
    def makers(self) -> list[nn.Module]:
        """What the units are made by."""
        return [self.module.get_submodule(name) for name in self.layout.makers]

    def weights(self) -> list[Tensor]:
        """All weights of each unit, biases aside: ``(units, n)`` matrices."""
        units, parts = self.units, self.layout.parts
        made = [outputs_first(maker).reshape(parts, units, -1).transpose(0, 1) for maker in self.makers]
        return [*(weight.flatten(1) for weight in made), outputs_first(self.taker).T.reshape(units, -1)]

    def keep(self, kept: Sequence[int]) -> None:
        """Leave out all units but those of these numbers."""
        before, chosen = self.units, torch.tensor(kept)
        for maker in self.makers:
            outputs = torch.arange(len(outputs_first(maker)))
            keep_outputs(maker, outputs.view(self.layout.parts, before, -1)[:, chosen].flatten())
        inputs = torch.arange(outputs_first(self.taker).shape[1])
        keep_inputs(self.taker, inputs.view(before, -1)[chosen].flatten())
        for name in self.layout.counters:
            path, _, attribute = name.rpartition(".")
            owner = self.module.get_submodule(path)
            setattr(owner, attribute, getattr(owner, attribute) * len(kept) // before)
        for name in self.layout.tables:
            if hasattr(self.module, name):
                keep_columns(self.module.get_submodule(name), chosen)


def heads(module: nn.Module) -> dict[str, Block]:
    """The attentions of a network, by name; their units are heads.

    Raises:
        ModelError: compression has already put something else in the place of a linear layer.
    """
    return _blocks(module, HEADS)


def neurons(module: nn.Module) -> dict[str, Block]:
    """The feed-forward blocks of a network, by name; their units are neurons.

    Raises:
        ModelError: compression has already put something else in the place of a linear layer.
    """
    return _blocks(module, NEURONS)


def stacks(module: nn.Module) -> dict[str, nn.ModuleList]:
    """The layers of a network, by the name of the stack they are in."""
    found = {name: part for name, part in module.named_modules() if isinstance(part, nn.ModuleList)}
    return {name: part for name, part in found.items() if all(class_of(layer) in LAYERS for layer in part)}


def class_of(module: nn.Module) -> str:
    """The full name of a module's class."""
    return name_of(type(module))


def _blocks(module: nn.Module, layouts: Mapping[str, Layout]) -> dict[str, Block]:
    parts = module.named_modules()
    found = {name: Block(part, layouts[class_of(part)]) for name, part in parts if class_of(part) in layouts}
    for name, block in found.items():
        for layer in (*block.makers, block.taker):
            if not is_linear(layer):
                raise ModelError(
                    f"{name}: its layers must be linear as they were trained, but got {type(layer).__name__!r}; "
                    "take heads and neurons out before anything else"
                )
    return found
