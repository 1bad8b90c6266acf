"""Weight sharing: so many different numbers and no more, in as few bits as they need."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from robust_ray.compression import Compression, DynamicQuantization, Lesson, MagnitudePruning, WeightSharing
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.models import students
from robust_ray.models.alterations.sharing import Codebook, SharedEmbedding, SharedLinear
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch


def shared(checkpoint: Path) -> dict[str, SharedLinear | SharedEmbedding]:
    parts = students.load(checkpoint).module.named_modules()
    return {name: part for name, part in parts if isinstance(part, SharedLinear | SharedEmbedding)}


class TestWeightSharing(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return WeightSharing(clusters=16)

    def test_each_layer_has_sixteen_numbers(self, student: Path) -> None:
        layers = shared(student)
        assert len(layers) == 2 * 6
        assert all(len(torch.unique(layer.weight)) == 16 for layer in layers.values())

    def test_a_weight_takes_four_bits(self, student: Path) -> None:
        for layer in shared(student).values():
            assert layer.codebook.places.nbytes == layer.weight.numel() / 2

    def test_the_file_is_smaller_by_the_other_bits(self, student: Path, teacher: Path) -> None:
        before, after = (folder.joinpath("model.safetensors").stat().st_size for folder in (teacher, student))
        numbers = sum(layer.weight.numel() for layer in shared(student).values())
        assert before - after == pytest.approx(numbers * 3.5, rel=0.05)

    def test_weights_stay_near(self, student: Path, teacher: Path) -> None:
        whole = students.load(teacher).module
        for name, layer in shared(student).items():
            weight = whole.get_submodule(name).get_parameter("weight").detach()
            assert (layer.weight - weight).norm() < 0.15 * weight.norm()


class TestWeightSharingOfAllWithRecovery(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return WeightSharing(clusters=4, scope="all", recovery_epochs=1)

    def test_embeddings_are_shared_too(self, student: Path) -> None:
        assert any(isinstance(layer, SharedEmbedding) for layer in shared(student).values())
        assert all(len(torch.unique(layer.weight)) <= 4 for layer in shared(student).values())

    def test_entries_have_learned_and_places_are_kept(
        self, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path
    ) -> None:
        WeightSharing(clusters=4, scope="all").compress(teacher, lesson, tmp_path, Machine())
        before, after = shared(tmp_path), shared(student)
        for name, layer in after.items():
            assert torch.equal(layer.codebook.places, before[name].codebook.places)
        assert any(
            not torch.equal(layer.codebook.entries, before[name].codebook.entries) for name, layer in after.items()
        )


def test_zeros_of_a_pruning_stay_and_are_none_more(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    MagnitudePruning(sparsity=0.6, scope="linear").compress(teacher, lesson, tmp_path / "pruned", Machine())
    WeightSharing(clusters=4, recovery_epochs=1).compress(tmp_path / "pruned", lesson, tmp_path / "both", Machine())
    pruned = students.load(tmp_path / "pruned").module
    for name, layer in shared(tmp_path / "both").items():
        assert torch.equal(layer.weight == 0, pruned.get_submodule(name).get_parameter("weight") == 0)


def test_a_quantized_network_is_refused(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    DynamicQuantization().compress(teacher, lesson, tmp_path / "int8", Machine())
    with pytest.raises(ModelError, match=r"'weight_sharing': .* but are quantized; use one of the two"):
        WeightSharing().compress(tmp_path / "int8", lesson, tmp_path / "student", Machine())


def test_what_would_make_nothing_smaller_is_refused(
    teacher: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robust_ray.models.alterations.sharing.is_smaller", lambda weight, clusters: False)
    with pytest.raises(ModelError, match=r"with 256 clusters none of a SegmentClassifier would; ask for fewer"):
        WeightSharing(clusters=256).compress(teacher, lesson, tmp_path, Machine())


def test_a_codebook_says_what_it_stands_for(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    WeightSharing().compress(teacher, lesson, tmp_path, Machine())
    books = [part for part in students.load(tmp_path).module.modules() if isinstance(part, Codebook)]
    assert [tuple(book.stored_numbers()[0].shape) for book in books] == [tuple(book.shape) for book in books]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"clusters": 1}, r"`2 <= clusters <= 256` must hold, but got 1; 16 makes 4 bits"),
        ({"clusters": 257}, r"`2 <= clusters <= 256` must hold, but got 257"),
        ({"recovery_epochs": -1}, r"`recovery_epochs >= 0` must hold, but got -1"),
        ({"scope": "head"}, r"scope: one of 'attention', 'linear', 'all' is expected, but got 'head'"),
    ],
)
def test_impossible_fields_are_named(fields: dict[str, object], refusal: str) -> None:
    with pytest.raises(SweepError, match=refusal):
        build(Compression, {"type": "weight_sharing", **fields}, "compressions[0]")


def test_from_a_file_and_back() -> None:
    compression = WeightSharing(clusters=32, scope="all")
    built = build(Compression, {"type": "weight_sharing", **dataclasses.asdict(compression)}, "compressions[0]")
    assert built == compression
    assert digest(built) == digest(compression) != digest(replace(compression, clusters=16))
