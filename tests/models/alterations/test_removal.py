"""What is taken out of a network is as good as silenced, and a fresh process takes it out again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from robust_ray.core.errors import ModelError
from robust_ray.models import alterations, students
from robust_ray.models.alterations import anatomy
from robust_ray.models.alterations.removal import numbers, spell
from robust_ray.models.alterations.slicing import outputs_first
from robust_ray.models.networks.architectures import build_module
from robust_ray.models.students import Network
from tests.models.alterations import networks
from tests.models.alterations.networks import NETWORKS, skip, taken

pytestmark = pytest.mark.torch

Make = Callable[[str], Network]


@pytest.fixture
def make(shrunk_folder: Callable[[str], Path]) -> Make:
    """Name of a network → the network, the same each time."""
    return lambda name: networks.load(name, shrunk_folder(name.partition(" ")[0]))


def assert_same(altered: Network, wanted: Network, tmp_path: Path) -> None:
    """The same answers up to rounding; to the bit, once it is saved and loaded again."""
    found = networks.outputs(altered)
    torch.testing.assert_close(found, networks.outputs(wanted), rtol=0.0, atol=1e-5)
    assert networks.texts(altered) == networks.texts(wanted)
    students.save(altered, tmp_path / "student")
    again = students.load(tmp_path / "student")
    assert torch.equal(networks.outputs(again), found)
    assert [p.shape for p in again.module.parameters()] == [p.shape for p in altered.module.parameters()]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("unit", ["heads", "neurons"])
def test_a_unit_removed_is_a_unit_silenced(make: Make, name: str, unit: str, tmp_path: Path) -> None:
    find = getattr(anatomy, unit)
    silenced, altered = make(name), make(name)
    before, kept = networks.outputs(altered), {}
    for i, (place, block) in enumerate(find(silenced.module).items()):
        gone = list(range(i % block.units, block.units, 2))[: block.units - 1]
        taken(block)[:, gone] = 0.0
        kept[place] = spell(unit for unit in range(block.units) if unit not in gone)
    altered = students.alter(altered, {"type": f"keep_{unit}", "kept": kept})
    assert {place: block.units for place, block in find(altered.module).items()} == {
        place: len(numbers(text)) for place, text in kept.items()
    }
    assert_same(altered, silenced, tmp_path)
    assert not torch.allclose(networks.outputs(altered), before)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_layer_removed_is_a_layer_that_hands_on_its_states(make: Make, name: str, tmp_path: Path) -> None:
    skipping, altered = make(name), make(name)
    kept = {}
    for i, (place, layers) in enumerate(anatomy.stacks(skipping.module).items()):
        layers[i % 2].register_forward_hook(skip, with_kwargs=True)
        kept[place] = spell(number for number in range(len(layers)) if number != i % 2)
    altered = students.alter(altered, {"type": "keep_layers", "kept": kept})
    assert_same(altered, skipping, tmp_path)


@pytest.mark.parametrize("first", ["keep_heads", "keep_layers"])
def test_what_is_left_of_a_t5_can_be_taken_from_again(make: Make, first: str, tmp_path: Path) -> None:
    silenced, altered = make("codet5 writes"), make("codet5 writes")
    encoder, decoder = anatomy.stacks(altered.module)
    attention = f"{encoder}.1.layer.0.SelfAttention"
    taken(anatomy.heads(silenced.module)[attention])[:, 2] = 0.0
    for stack in (encoder, decoder):
        silenced.module.get_submodule(f"{stack}.0").register_forward_hook(skip, with_kwargs=True)
    changes = [
        {"type": "keep_heads", "kept": {attention: "0-1,3"}},
        {"type": "keep_layers", "kept": {encoder: "1", decoder: "1"}},
    ]
    if first == "keep_layers":
        moved = {attention.replace("1", "0", 1): "0-1,3"}
        changes = [changes[1], {"type": "keep_heads", "kept": moved}]
    for change in changes:
        altered = students.alter(altered, change)
    assert_same(altered, silenced, tmp_path)


def test_heads_that_share_a_key_are_one(make: Make) -> None:
    blocks = anatomy.heads(make("qwen2_5_coder").module)
    assert [block.units for block in blocks.values()] == [2, 2]
    assert all(len(weight) == 2 for block in blocks.values() for weight in block.weights())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_of_a_block_belongs_to_one_unit(make: Make, name: str) -> None:
    module = make(name).module
    for find in (anatomy.heads, anatomy.neurons):
        for block in find(module).values():
            whole = sum(outputs_first(layer).numel() for layer in (*block.makers, block.taker))
            assert sum(weight.numel() for weight in block.weights()) == whole


def test_a_unit_knows_its_weights(make: Make) -> None:
    for name in ("codebert", "codegpt", "qwen2_5_coder", "codet5"):
        for find in (anatomy.heads, anatomy.neurons):
            block = next(iter(find(make(name).module).values()))
            wanted = [weight[1] for weight in block.weights()]
            block.keep([1])
            for found, weight in zip(block.weights(), wanted, strict=True):
                assert torch.equal(found[0], weight)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "bart", "d_model": 8, "encoder_layers": 2, "decoder_layers": 2, "max_position_embeddings": 16}
        | {f"{side}_{field}": 4 for side in ("encoder", "decoder") for field in ("ffn_dim", "attention_heads")},
        {"model_type": "t5", "d_model": 8, "d_kv": 2, "d_ff": 4, "num_layers": 2, "num_heads": 4}
        | {"feed_forward_proj": "gated-gelu"},
    ],
    ids=["bart", "gated t5"],
)
@pytest.mark.parametrize("unit", ["heads", "neurons"])
def test_relatives_of_the_families_are_known(config: dict[str, object], unit: str) -> None:
    sizes = {"vocab_size": 12, "pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0, "num_labels": 2}
    description = {"type": "vectors", "segments": 1, "config": sizes | config, "trust_remote_code": False}
    module = build_module(description).eval()
    altered = copy.deepcopy(module)
    find = getattr(anatomy, unit)
    for block in find(module).values():
        taken(block)[:, [0, 2]] = 0.0
    kept = dict.fromkeys(find(altered), "1,3")
    altered = alterations.find({"type": f"keep_{unit}"}).apply(altered, {"kept": kept})
    assert len(kept) == (6 if unit == "heads" else 4)
    rows = {"input_ids": torch.tensor([[5, 6, 7, 2]]), "attention_mask": torch.ones(1, 4, dtype=torch.int64)}
    with torch.inference_mode():
        torch.testing.assert_close(altered(**rows).logits, module(**rows).logits, rtol=0.0, atol=1e-5)


def test_nothing_is_known_of_other_classes() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.ModuleList([nn.Linear(3, 3)]))
    assert not anatomy.heads(module)
    assert not anatomy.neurons(module)
    assert not anatomy.stacks(module)


def test_what_is_no_linear_layer_any_more_is_refused(make: Make) -> None:
    module = alterations.int8_dynamic(make("codegpt").module, {"per_channel": True})
    for find in (anatomy.heads, anatomy.neurons):
        with pytest.raises(ModelError, match=r"must be linear as they were trained, but got 'Int8Linear'; take"):
            find(module)


@given(st.sets(st.integers(0, 40), min_size=1).map(sorted))
def test_spelling_loses_nothing(kept: list[int]) -> None:
    assert numbers(spell(kept)) == kept


def test_runs_are_drawn_together() -> None:
    assert spell([0, 2, 3, 4, 7, 8]) == "0,2-4,7-8"
