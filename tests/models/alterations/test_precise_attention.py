"""Attention in float64: the same answers to rounding, in the same number formats, and nothing left behind."""

from __future__ import annotations

import copy
from typing import Any, get_args

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.overrides import _get_current_function_mode_stack
from transformers import AutoConfig, AutoModel

from robust_ray.models.alterations.integers import int8_products
from robust_ray.models.alterations.precise_attention import attend_precisely
from robust_ray.models.networks.relative_positions import RelativeAttention, Seen
from robust_ray.models.writing.decoder import Attention

pytestmark = pytest.mark.torch


def entered() -> int:
    """How many modes are."""
    return len(_get_current_function_mode_stack())  # type: ignore[no-untyped-call]


class SpeltAttention(Attention):
    """The same, spelt out."""

    def forward(self, states: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        """``(rows, length, hidden)`` → the same shape."""
        keys, values = self.remember(states)
        queries = self._by_head(self.query(states))
        scores = torch.matmul(queries, keys.transpose(2, 3)) / queries.shape[-1] ** 0.5
        looked = torch.matmul(functional.softmax(scores, dim=-1, dtype=torch.float32), values)
        outputs: torch.Tensor = self.out(looked.transpose(1, 2).flatten(2))
        return outputs


@pytest.mark.parametrize("kind", [Attention, SpeltAttention])
def test_it_is_attention(kind: type[Attention]) -> None:
    torch.manual_seed(0)
    module, states = nn.Sequential(kind(16, 2, 0.0)).eval(), torch.randn(2, 9, 16)
    block = module.get_submodule("0")
    assert isinstance(block, Attention)
    plain = block(states, block.remember(states), None)
    attend_precisely(module)
    for each in (block, copy.deepcopy(block)):
        found = each(states, each.remember(states), None)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, plain)
        assert not entered()


def test_an_error_leaves_nothing_behind() -> None:
    module = nn.Sequential(Attention(16, 2, 0.0))
    attend_precisely(module)
    with pytest.raises(TypeError):
        module(torch.randn(2, 9, 7))
    assert not entered()


SIZES = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "pad_token_id": 1}


@pytest.mark.parametrize(
    ("family", "fields"),
    [
        ("xlm-roberta", SIZES),
        ("deberta-v2", SIZES | {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
        ("distilbert", {"vocab_size": 300, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}),
    ],
)
def test_families_that_we_never_heard_of_attend_precisely(family: str, fields: dict[str, Any]) -> None:
    torch.manual_seed(0)
    module = AutoModel.from_config(AutoConfig.for_model(family, **fields)).eval()
    _need_no_company(module)


@pytest.mark.parametrize("seen", get_args(Seen))
def test_relative_attention_is_precise(seen: Seen) -> None:
    torch.manual_seed(0)
    config = AutoConfig.for_model("roberta", **SIZES, attn_implementation="eager")
    module = AutoModel.from_config(config).eval()
    for layer in module.encoder.layer:
        layer.attention.self = RelativeAttention(layer.attention.self, positions=64, seen=seen, spread=0.5)
    _need_no_company(module)


def _need_no_company(module: nn.Module) -> None:
    """With inputs rounded, a last bit that depended on the batch would be seen."""
    for parameter in module.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.2)
    int8_products(module, {"ranges": {}})
    rows = [torch.randint(3, 300, (length,)) for length in (3, 7, 12, 20, 33, 41, 60, 64)]
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=1)
    mask = torch.tensor([[i < len(row) for i in range(64)] for row in rows]).long()
    with torch.inference_mode():
        together = module(input_ids=ids, attention_mask=mask).last_hidden_state
        for row, found in zip(rows, together, strict=True):
            alone = module(input_ids=row[None], attention_mask=torch.ones_like(row[None])).last_hidden_state
            assert torch.equal(found[: len(row)], alone[0])
