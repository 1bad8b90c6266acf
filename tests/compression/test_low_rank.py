"""Low rank: the factors are as small or as near as asked, and learn."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from robust_ray.compression import Compression, DynamicQuantization, Lesson, LowRank
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.models import students
from robust_ray.models.alterations.factors import FactoredLinear
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch


def factored(checkpoint: Path) -> dict[str, FactoredLinear]:
    parts = students.load(checkpoint).module.named_modules()
    return {name: part for name, part in parts if isinstance(part, FactoredLinear)}


class TestLowRankByRatio(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return LowRank(ratio=0.5)

    def test_factors_hold_half_of_the_numbers(self, student: Path) -> None:
        layers = factored(student)
        assert len(layers) == 2 * 6
        for layer in layers.values():
            whole = layer.up.out_features * layer.down.in_features
            assert 0 < layer.up.weight.numel() + layer.down.weight.numel() <= whole / 2

    def test_the_file_is_smaller_by_the_other_half(self, student: Path, teacher: Path) -> None:
        before, after = (folder.joinpath("model.safetensors").stat().st_size for folder in (teacher, student))
        whole = sum(layer.up.out_features * layer.down.in_features for layer in factored(student).values())
        assert before - after == pytest.approx(4 * whole / 2, rel=0.1)

    def test_each_product_is_the_nearest_of_its_rank(self, student: Path, teacher: Path) -> None:
        whole = students.load(teacher).module
        for name, layer in factored(student).items():
            weight = whole.get_submodule(name).get_parameter("weight").detach().double()
            tail = torch.linalg.svdvals(weight)[layer.down.out_features :].square().sum()
            product = (layer.up.weight.double() @ layer.down.weight.double()).detach()
            assert float((product - weight).square().sum()) == pytest.approx(float(tail), rel=1e-4)


class TestLowRankByEnergyWithRecovery(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return LowRank(energy=0.6, scope="attention", recovery_epochs=1)

    def test_only_what_is_in_scope_and_becomes_smaller_is_split(self, student: Path) -> None:
        names = {name.rpartition(".")[2] for name in factored(student)}
        assert names
        assert names <= {"query", "key", "value"}

    def test_ranks_are_remembered(self, student: Path) -> None:
        (change,) = json.loads((student / "architecture.json").read_text())["alterations"]
        assert change["ranks"] == {name: layer.down.out_features for name, layer in factored(student).items()}

    def test_factors_have_learned(self, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        LowRank(energy=0.6, scope="attention").compress(teacher, lesson, tmp_path, Machine())
        before, after = factored(tmp_path), factored(student)
        assert all(not torch.equal(before[name].down.weight, after[name].down.weight) for name in after)


def test_energy_is_kept_by_as_few_values_as_can_be(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    LowRank(energy=0.5).compress(teacher, lesson, tmp_path, Machine())
    whole = students.load(teacher).module
    for name, layer in factored(tmp_path).items():
        values = torch.linalg.svdvals(whole.get_submodule(name).get_parameter("weight").detach().double()).square()
        kept = values.cumsum(0) / values.sum()
        rank = layer.down.out_features
        assert kept[rank - 1] >= 0.5 - 1e-6
        assert rank == 1 or kept[rank - 2] < 0.5 + 1e-6


def test_a_quantized_network_is_refused(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    DynamicQuantization().compress(teacher, lesson, tmp_path / "int8", Machine())
    with pytest.raises(ModelError, match=r"'low_rank': .* but are quantized; put it before the quantization"):
        LowRank(ratio=0.5).compress(tmp_path / "int8", lesson, tmp_path / "student", Machine())


def test_what_would_make_nothing_smaller_is_refused(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"one of 12 linear layers in scope 'linear' must become smaller, but none"):
        LowRank(energy=0.999999).compress(teacher, lesson, tmp_path, Machine())


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, r"exactly one of `ratio` and `energy` must be given, but got None and None"),
        ({"ratio": 0.5, "energy": 0.5}, r"exactly one of `ratio` and `energy` must be given, but got 0\.5 and 0\.5"),
        ({"ratio": 1}, r"`0 < ratio < 1` must hold, but got 1\.0; type 'none' is for no compression"),
        ({"energy": 0.0}, r"`0 < energy < 1` must hold, but got 0\.0"),
        ({"ratio": 0.5, "recovery_epochs": -1}, r"`recovery_epochs >= 0` must hold, but got -1"),
        ({"ratio": 0.5, "scope": "all"}, r"scope: one of 'attention', 'linear' is expected, but got 'all'"),
    ],
)
def test_impossible_fields_are_named(fields: dict[str, object], refusal: str) -> None:
    with pytest.raises(SweepError, match=refusal):
        build(Compression, {"type": "low_rank", **fields}, "compressions[0]")


def test_from_a_file_and_back() -> None:
    compression = LowRank(ratio=0.25, recovery_epochs=2)
    built = build(Compression, {"type": "low_rank", **dataclasses.asdict(compression)}, "compressions[0]")
    assert built == compression
    assert digest(built) == digest(compression) != digest(replace(compression, ratio=0.5))
