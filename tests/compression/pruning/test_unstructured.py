"""What all unstructured prunings share: zeros count, every family can be pruned, and YAML leads to a key and back."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.compression import (
    Compression,
    DynamicQuantization,
    Lesson,
    MagnitudePruning,
    MovementPruning,
    NMPruning,
    RandomPruning,
    WandaPruning,
    _layers,
)
from robust_ray.compression.pruning.unstructured import UnstructuredPruning
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.models import students
from robust_ray.models.base import Training
from tests import shrunk
from tests.compression.pruning.zeros import zeros
from tests.models.alterations import networks

pytestmark = pytest.mark.torch

EVERY: tuple[UnstructuredPruning, ...] = (
    MagnitudePruning(sparsity=0.5),
    RandomPruning(sparsity=0.5, ranking="layer"),
    WandaPruning(sparsity=0.5),
    MovementPruning(sparsity=0.5, scope="linear"),
    NMPruning(importance="wanda"),
)

every = pytest.mark.parametrize("compression", EVERY, ids=lambda compression: str(compression.type))


@every
def test_from_a_file_and_back(compression: UnstructuredPruning) -> None:
    spec = {"type": compression.type, **dataclasses.asdict(compression)}
    built = build(Compression, spec, "compressions[0]")
    assert built == compression
    assert digest(built) == digest(compression)
    others = {digest(replace(compression, recovery_epochs=1, rounds=rounds)) for rounds in (1, 2)}
    assert len(others - {digest(compression)}) == 2


@pytest.mark.parametrize("name", ["starencoder", "codegpt pairs", "qwen2_5_coder writes", "plbart", "codet5 writes"])
def test_every_family_is_pruned(name: str, lesson: Lesson, tmp_path: Path) -> None:
    hub = shrunk.write(name.partition(" ")[0], tmp_path / "hub", shrunk.Size(spread=0.1))
    students.save(networks.load(name, hub), tmp_path / "teacher")
    shown = networks.examples(students.load(tmp_path / "teacher"), 4)
    short = replace(lesson, train=shown, valid=shown, training=Training(epochs=1, batch_size=2))
    for compression in EVERY:
        student = tmp_path / compression.type
        compression.compress(tmp_path / "teacher", short, student, Machine())
        zero, total = zeros(student, compression.scope)
        assert zero == total // 2, compression.type


def test_what_is_zero_already_goes_first(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    MagnitudePruning(sparsity=0.4).compress(teacher, lesson, tmp_path / "once", Machine())
    RandomPruning(sparsity=0.5).compress(tmp_path / "once", lesson, tmp_path / "twice", Machine())
    zero, total = zeros(tmp_path / "twice", "attention")
    assert zero == round(0.5 * total)


def test_a_network_that_is_sparser_already_is_refused(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    MagnitudePruning(sparsity=0.4).compress(teacher, lesson, tmp_path / "once", Machine())
    with pytest.raises(ModelError, match=r"must be more than there is, but got 0\.3 for 6144 weights of which 2458"):
        WandaPruning(sparsity=0.3, scope="attention").compress(tmp_path / "once", lesson, tmp_path / "no", Machine())
    NMPruning(scope="attention").compress(teacher, lesson, tmp_path / "pattern", Machine())
    with pytest.raises(ModelError, match=r"more than 3 of some 4 weights must be left, but no more are; keep fewer"):
        NMPruning(scope="attention", kept=3).compress(tmp_path / "pattern", lesson, tmp_path / "no", Machine())


@pytest.mark.parametrize("ranking", ["global", "layer", "output"])
def test_embeddings_are_pruned_where_the_scope_names_them(
    ranking: str, teacher: Path, lesson: Lesson, tmp_path: Path
) -> None:
    MagnitudePruning(sparsity=0.5, scope="all", ranking=ranking).compress(teacher, lesson, tmp_path, Machine())  # type: ignore[arg-type]
    zero, total = zeros(tmp_path, "all")
    assert zero == round(0.5 * total)


def test_a_network_without_attention_is_refused(
    teacher: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_layers, "ATTENTION", frozenset({"mixer"}))
    with pytest.raises(ModelError, match=r"scope 'attention' must name layers of the network, .* use scope 'linear'"):
        MagnitudePruning(sparsity=0.5).compress(teacher, lesson, tmp_path, Machine())


def test_a_quantized_network_is_refused(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    DynamicQuantization().compress(teacher, lesson, tmp_path / "int8", Machine())
    for compression in EVERY:
        with pytest.raises(ModelError, match=r"must be as they were trained, but are quantized; prune them before"):
            compression.compress(tmp_path / "int8", lesson, tmp_path / "student", Machine())
