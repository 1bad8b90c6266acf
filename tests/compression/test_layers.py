"""Scopes name the same weights in every family, never those of a head, and each once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModel
from transformers.pytorch_utils import Conv1D

from robust_ray.compression._layers import layers_in, matrix, weight_of
from robust_ray.models import students
from robust_ray.models.alterations.factors import FactoredLinear
from robust_ray.models.alterations.slicing import outputs_first
from tests import shrunk
from tests.models.alterations import networks

pytestmark = pytest.mark.torch

LAYERS = {
    "codebert": (6, 12, 15),
    "codebert writes": (42, 72, 75),
    "starencoder": (6, 13, 16),
    "codegpt": (2, 8, 10),
    "qwen2_5_coder": (6, 14, 15),
    "plbart": (18, 32, 35),
    "plbart writes": (18, 32, 35),
    "codet5 writes": (18, 32, 35),
}
"""Name in :data:`networks.NETWORKS` → layers in scope ``attention``, ``linear`` and ``all``."""


@pytest.mark.parametrize("name", LAYERS)
def test_scopes_widen_and_reach_every_family(name: str, tmp_path: Path) -> None:
    network = networks.load(name, shrunk.write(name.partition(" ")[0], tmp_path / "hub"))
    attention, linear, everything = (layers_in(s, network.module) for s in ("attention", "linear", "all"))
    assert attention.keys() < linear.keys() < everything.keys()
    assert (len(attention), len(linear), len(everything)) == LAYERS[name]
    assert len({layer.get_parameter("weight") for layer in everything.values()}) == len(everything)


OTHERS: dict[str, tuple[dict[str, object], int]] = {
    "codegen": ({"n_embd": 16, "n_layer": 2, "n_head": 4, "rotary_dim": 4}, 2),
    "deberta-v2": ({"num_hidden_layers": 2, "num_attention_heads": 2}, 6),
    "distilbert": ({"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 8}, 6),
    "gpt_neox": ({"num_hidden_layers": 2, "num_attention_heads": 2}, 2),
    "modernbert": ({"num_hidden_layers": 2, "num_attention_heads": 2}, 2),
    "starcoder2": ({"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}, 6),
}
"""Family → a small configuration, and its layers that make queries, keys and values."""


@pytest.mark.parametrize("family", OTHERS)
def test_attention_is_found_in_families_that_have_no_preset(family: str) -> None:
    sizes, count = OTHERS[family]
    config = AutoConfig.for_model(family, vocab_size=12, hidden_size=8, intermediate_size=8, pad_token_id=0, **sizes)
    assert len(layers_in("attention", AutoModel.from_config(config))) == count


def test_a_head_is_out_of_reach(teacher: Path) -> None:
    module = students.load(teacher).module
    assert {"dense", "out"}.isdisjoint(layers_in("all", module))


def test_layers_in_two_factors_are_found_by_what_they_were(teacher: Path) -> None:
    module = students.load(teacher).module
    (name, layer), *_ = layers_in("attention", module).items()
    module.set_submodule(name, FactoredLinear(layer, 2))
    assert list(layers_in("attention", module))[:2] == [f"{name}.down", f"{name}.up"]


@pytest.mark.parametrize("layer", [nn.Linear(3, 5), Conv1D(5, 3)])
def test_a_matrix_has_outputs_first_and_is_no_copy(layer: nn.Module) -> None:
    weight = weight_of(layer)
    assert weight.shape == (5, 3)
    weight[4, 2] = 7.0
    assert outputs_first(layer)[4, 2] == 7.0
    assert matrix(layer, torch.zeros_like(layer.get_parameter("weight"))).shape == (5, 3)


def test_tokens_are_the_inputs_of_an_embedding() -> None:
    assert weight_of(nn.Embedding(7, 2)).shape == (2, 7)
