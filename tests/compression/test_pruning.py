"""Pruning: the count is exact, the choice is torch's, zeros stay zeros, and nothing out of scope is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from robust_ray.compression import Compression, Lesson, MagnitudePruning
from robust_ray.compression._pruning_math import smallest
from robust_ray.compression.pruning import Scope, weights_in
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import students
from robust_ray.models.networks.architectures import build_module
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch

shapes = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=4)


def zeros(checkpoint: Path, scope: Scope) -> tuple[int, int]:
    """Zero and all weights of a scope."""
    weights = weights_in(scope, students.load(checkpoint).module)
    return sum(int((w == 0).sum()) for w in weights), sum(w.numel() for w in weights)


class TestMagnitudePruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return MagnitudePruning(sparsity=0.4)

    def test_share_of_zeros_is_exact(self, student: Path) -> None:
        zero, total = zeros(student, "attention")
        assert zero == round(0.4 * total)

    def test_nothing_else_changed(self, student: Path, teacher: Path) -> None:
        before, after = students.load(teacher).module, students.load(student).module
        pruned = {id(weight) for weight in weights_in("attention", after)}
        for (name, old), new in zip(before.named_parameters(), after.parameters(), strict=True):
            kept = new != 0 if id(new) in pruned else torch.ones_like(new, dtype=torch.bool)
            assert torch.equal(old[kept], new[kept]), name


class TestMagnitudePruningWithRecovery(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return MagnitudePruning(sparsity=0.8, scope="linear", recovery_epochs=1)

    def test_zeros_are_held_while_the_rest_learns(self, student: Path, teacher: Path) -> None:
        zero, total = zeros(student, "linear")
        assert zero == round(0.8 * total)
        before, after = (weights_in("linear", students.load(folder).module)[0] for folder in (teacher, student))
        assert not torch.equal(before[after != 0], after[after != 0])


def test_scopes_widen_and_never_reach_the_head(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    module = students.load(teacher).module
    head = {id(module.get_parameter(name)) for name in ("dense.weight", "out.weight")}
    attention, linear, everything = ({id(w) for w in weights_in(s, module)} for s in ("attention", "linear", "all"))
    assert attention < linear < everything
    assert len(attention) == 2 * 3
    assert len(linear) == 2 * 6
    assert len(everything) == len(linear) + 3
    assert not everything & head
    MagnitudePruning(sparsity=0.5, scope="all").compress(teacher, lesson, tmp_path, Machine())
    zero, total = zeros(tmp_path, "all")
    assert zero == round(0.5 * total)


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({"model_type": "roberta", "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}, 6),
        ({"model_type": "gpt2", "n_layer": 2, "n_embd": 8, "n_head": 2, "n_positions": 8}, 2),
        (
            {"model_type": "plbart", "d_model": 8, "encoder_layers": 1, "decoder_layers": 1}
            | {f"{side}_{field}": 4 for side in ("encoder", "decoder") for field in ("ffn_dim", "attention_heads")},
            9,
        ),
    ],
    ids=["roberta", "gpt2", "plbart"],
)
def test_attention_is_found_in_the_architectures_of_the_study(config: dict[str, object], count: int) -> None:
    sizes = {"vocab_size": 12, "hidden_size": 8, "max_position_embeddings": 8, "pad_token_id": 1}
    if config["model_type"] == "gpt2":
        sizes = {"vocab_size": 12, "pad_token_id": 1}
    module = build_module({"type": "huggingface", "config": sizes | config, "trust_remote_code": False})
    assert len(weights_in("attention", module)) == count


def test_a_network_without_attention_is_refused(
    teacher: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robust_ray.compression.pruning.ATTENTION", frozenset({"mixer"}))
    with pytest.raises(ModelError, match=r"scope 'attention' must name layers of the network, .* use scope 'linear'"):
        MagnitudePruning(sparsity=0.5).compress(teacher, lesson, tmp_path, Machine())


@given(shapes, st.floats(0, 1), st.integers(0, 2**31))
def test_smallest_is_exact_and_really_the_smallest(sizes: list[tuple[int, int]], share: float, seed: int) -> None:
    dice = torch.Generator().manual_seed(seed)
    weights = [torch.randint(-3, 4, size, generator=dice).float() for size in sizes]
    masks = smallest(weights, share)
    chosen = torch.cat([w[m].abs() for w, m in zip(weights, masks, strict=True)])
    rest = torch.cat([w[~m].abs() for w, m in zip(weights, masks, strict=True)])
    assert [mask.shape for mask in masks] == [weight.shape for weight in weights]
    assert len(chosen) == round(share * sum(weight.numel() for weight in weights))
    assert not len(chosen) or not len(rest) or chosen.max() <= rest.min()


@given(st.floats(0.01, 0.99), st.integers(0, 2**31))
def test_smallest_is_the_choice_of_torch(share: float, seed: int) -> None:
    torch.manual_seed(seed)
    layers = [nn.Linear(7, 5), nn.Linear(5, 3)]
    masks = smallest([layer.weight for layer in layers], share)
    prune.global_unstructured([(layer, "weight") for layer in layers], prune.L1Unstructured, amount=share)
    for layer, mask in zip(layers, masks, strict=True):
        assert torch.equal(layer.get_buffer("weight_mask").bool(), ~mask)


@pytest.mark.parametrize("sparsity", [0.0, 1.0, 1.5])
def test_sparsity_out_of_range_is_named(sparsity: float) -> None:
    with pytest.raises(SweepError, match=f"`0 < sparsity < 1` must hold, but got {sparsity}"):
        MagnitudePruning(sparsity=sparsity)


def test_negative_recovery_is_named() -> None:
    with pytest.raises(SweepError, match="`recovery_epochs >= 0` must hold, but got -1"):
        MagnitudePruning(sparsity=0.5, recovery_epochs=-1)
