"""Structured pruning: the count is exact, the tensors are smaller, and every family of networks can be pruned."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from robust_ray.compression import Compression, DynamicQuantization, HeadPruning, LayerPruning, Lesson, NeuronPruning
from robust_ray.compression.pruning._unit_scores import sensitivities, watch_blocks, watch_layers
from robust_ray.compression.pruning.structured import StructuredPruning
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.models import CompactRoberta, HuggingFace, ScratchRoberta, students
from robust_ray.models.alterations import anatomy
from robust_ray.models.alterations.anatomy import Block
from robust_ray.models.training import logits
from robust_ray.models.training.criterion import usual
from tests import shrunk
from tests.contracts import CompressionContract, answers
from tests.models.alterations import networks
from tests.models.alterations.networks import skip, taken

pytestmark = pytest.mark.torch


def units(checkpoint: Path, compression: StructuredPruning) -> list[int]:
    """How many units each block has."""
    return list(compression.sizes(students.load(checkpoint).module).values())


def accuracy(checkpoint: Path, lesson: Lesson) -> float:
    """On the validation split."""
    predicted = logits(students.load(checkpoint), lesson.valid, Machine()).argmax(1)
    return float(np.mean(predicted == [example.label for example in lesson.valid]))


class TestHeadPruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return HeadPruning(sparsity=0.5)

    def test_half_of_the_heads_are_gone(self, student: Path, compression: HeadPruning) -> None:
        assert units(student, compression) == [1, 1]

    def test_the_file_is_smaller_by_their_weights(self, student: Path, teacher: Path) -> None:
        before, after = (folder.joinpath("model.safetensors").stat().st_size for folder in (teacher, student))
        width, head = 32, 16
        gone = 2 * (4 * width * head + 3 * head)
        assert before - after == pytest.approx(4 * gone, abs=200)  # the header holds shapes as text


class TestNeuronPruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return NeuronPruning(sparsity=0.4)

    def test_share_is_exact(self, student: Path, compression: NeuronPruning) -> None:
        assert sum(units(student, compression)) == 2 * 64 - round(0.4 * 2 * 64)


class TestNeuronPruningByLayerInRounds(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return NeuronPruning(sparsity=0.9, ranking="layer", importance="magnitude", rounds=3, recovery_epochs=1)

    def test_the_same_share_goes_everywhere(self, student: Path, compression: NeuronPruning) -> None:
        assert units(student, compression) == [64 - round(0.9 * 64)] * 2

    def test_each_round_is_remembered(self, student: Path) -> None:
        assert len(json.loads((student / "architecture.json").read_text())["alterations"]) == 3

    def test_the_rest_recovers(self, student: Path, lesson: Lesson) -> None:
        assert accuracy(student, lesson) >= 0.9


class TestLayerPruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return LayerPruning(sparsity=0.5)

    def test_the_last_layer_is_gone(self, student: Path, teacher: Path) -> None:
        (before,) = anatomy.stacks(students.load(teacher).module).values()
        (after,) = anatomy.stacks(students.load(student).module).values()
        assert len(after) == 1
        for old, new in zip(before[0].parameters(), after[0].parameters(), strict=True):
            assert torch.equal(old, new)


class TestLayerPruningByImportance(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return LayerPruning(sparsity=0.5, importance="taylor", recovery_epochs=1)

    def test_one_layer_is_left(self, student: Path, compression: LayerPruning) -> None:
        assert units(student, compression) == [1]


@pytest.mark.parametrize("kind", [HeadPruning, NeuronPruning])
def test_a_unit_matters_as_much_as_the_loss_changes_when_its_gate_begins_to_close(
    teacher: Path, lesson: Lesson, kind: type[HeadPruning | NeuronPruning]
) -> None:
    network, gap, few = students.load(teacher), 2e-3, lesson.train[:4]
    blocks = kind(sparsity=0.5).blocks(network.module)
    found = sensitivities(network, few, lambda: watch_blocks(blocks), Machine())
    criterion = usual(network)
    split = criterion.prepare(network, few)

    def losses(block: Block, opening: float) -> list[float]:
        """Of each example, where the second unit gives so much of what it should."""
        taken(block)[:, 1] *= opening
        with torch.inference_mode():
            each = [float(criterion.loss(network, split, [i], "cpu")) for i in range(len(few))]
        taken(block)[:, 1] /= opening
        return each

    for name, block in blocks.items():
        pairs = zip(losses(block, 1 + gap), losses(block, 1 - gap), strict=True)
        slope = np.mean([abs(more - less) / (2 * gap) for more, less in pairs])
        assert slope == pytest.approx(float(found[name][1]), rel=0.05, abs=2e-4)


@pytest.mark.parametrize("kind", [HeadPruning, NeuronPruning])
def test_what_goes_is_missed_less_than_what_stays_would_be(
    teacher: Path, lesson: Lesson, kind: type[HeadPruning | NeuronPruning]
) -> None:
    compression = kind(sparsity=0.5, ranking="layer")
    losses = []
    for sign in (1, -1):
        network = students.load(teacher)
        blocks = compression.blocks(network.module)
        for name, scores in compression.scores(network, lesson.train, Machine()).items():
            worst = (sign * scores).argsort()[: len(scores) // 2]
            taken(blocks[name])[:, worst] = 0.0
        criterion = usual(network)
        with torch.inference_mode():
            losses.append(criterion.assess(network, criterion.prepare(network, lesson.valid), Machine(), "cpu").loss)
    assert losses[0] < losses[1]


def test_a_layer_is_judged_by_what_it_changes(teacher: Path, lesson: Lesson) -> None:
    network = students.load(teacher)
    (stack,) = anatomy.stacks(network.module).values()
    stack[1].register_forward_hook(skip, with_kwargs=True)
    layers = {str(i): layer for i, layer in enumerate(stack)}
    found = sensitivities(network, lesson.train[:4], lambda: watch_layers(layers), Machine())
    assert float(found["1"]) == 0 < float(found["0"])


@pytest.fixture(scope="session")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An untrained checkpoint of every family: some read a program, some read two, some write."""
    root = tmp_path_factory.mktemp("teachers")
    names = ["codebert", "starencoder writes", "graphcodebert pairs", "codegpt pairs", "qwen2_5_coder writes"]
    names += ["plbart", "plbart writes", "codet5 pairs", "codet5 writes"]
    found = {name: root / name for name in names}
    for name, folder in found.items():
        kind = name.partition(" ")[0]
        hub = shrunk.write(kind, root / "hub" / kind, shrunk.Size(spread=0.1))
        students.save(networks.load(name, hub), folder)
    return found


EVERY = (HeadPruning(sparsity=0.5), NeuronPruning(sparsity=0.5), LayerPruning(sparsity=0.5, importance="taylor"))


def test_every_family_is_pruned_and_answers_the_same_in_another_process(
    teachers: dict[str, Path], lesson: Lesson, tmp_path: Path, other_process: ProcessPoolExecutor
) -> None:
    for name, teacher in teachers.items():
        shown = networks.examples(students.load(teacher), 4)
        inputs = [example.input for example in shown]
        for compression in EVERY:
            student = tmp_path / name / compression.type
            compression.compress(teacher, replace(lesson, train=shown, valid=shown), student, Machine())
            before, after = units(teacher, compression), units(student, compression)
            assert sum(after) == sum(before) - round(0.5 * sum(before)), (name, compression.type)
            assert min(after) >= 1
            elsewhere = other_process.submit(answers, student, inputs).result()
            np.testing.assert_array_equal(elsewhere, answers(student, inputs))


def test_a_quantized_network_is_refused(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    DynamicQuantization().compress(teacher, lesson, tmp_path / "int8", Machine())
    for compression in EVERY:
        with pytest.raises(ModelError, match=r"must have gradients, but is quantized; prune before quantizing"):
            compression.compress(tmp_path / "int8", lesson, tmp_path / "student", Machine())


@pytest.mark.parametrize("compression", EVERY, ids=lambda compression: str(compression.type))
def test_a_network_of_no_known_family_is_refused(
    compression: StructuredPruning, teacher: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEADS", "NEURONS", "LAYERS"):
        monkeypatch.setattr(anatomy, name, {})
    wanted = (
        rf"{compression.unit} must be known where they lie, but of a SegmentClassifier they are not; use 'magnitude"
    )
    with pytest.raises(ModelError, match=wanted):
        compression.compress(teacher, lesson, tmp_path, Machine())


def test_what_would_take_nothing_out_or_leave_nothing_is_refused(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"one of 4 heads must be taken out at least, but sparsity 0\.1 is less"):
        HeadPruning(sparsity=0.1).compress(teacher, lesson, tmp_path, Machine())
    with pytest.raises(ModelError, match=r"sparsity 0\.9 takes too many of 4 heads in 2 blocks; lower it"):
        HeadPruning(sparsity=0.9).compress(teacher, lesson, tmp_path, Machine())


def test_what_cannot_fit_is_refused_when_a_plan_is_made(tmp_path: Path) -> None:
    for compression in EVERY:
        compression.fits(ScratchRoberta())
        compression.fits(HuggingFace(name="microsoft/codebert-base"))
    with pytest.raises(SweepError, match=r"'layer_pruning': one of the layers of each block must be left"):
        LayerPruning(sparsity=0.9).fits(ScratchRoberta(layers=2))
    with pytest.raises(SweepError, match=r"one of 1 layers must be taken out at least, but sparsity 0\.5 is less"):
        LayerPruning(sparsity=0.5).fits(ScratchRoberta(layers=1))
    with pytest.raises(SweepError, match=r"one of 1 layers must be taken out at least, but sparsity 0\.5 is less"):
        LayerPruning(sparsity=0.5).fits(CompactRoberta(layers=1))
    with pytest.raises(SweepError, match=r"'head_pruning': .* takes too many of 2 heads in 2 blocks; lower it"):
        HeadPruning(sparsity=0.5).fits(ScratchRoberta(layers=2, hidden=8, heads=1))
    with pytest.raises(SweepError, match=r"takes too many of 1 neurons in 1 blocks"):
        NeuronPruning(sparsity=0.6, ranking="layer").fits(ScratchRoberta(intermediate=1))
    (tmp_path / "config.json").write_text('{"model_type": "deberta"}')
    wanted = r"model 'huggingface' is a 'deberta'; use 'magnitude_pruning', .* or a network of one of bart, bert, gpt2"
    with pytest.raises(SweepError, match=wanted):
        HeadPruning(sparsity=0.5).fits(HuggingFace(name=str(tmp_path)))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"sparsity": 1.0}, r"`0 < sparsity < 1` must hold, but got 1\.0"),
        ({"sparsity": 0}, r"`0 < sparsity < 1` must hold, but got 0"),
        ({"recovery_epochs": -1}, r"`recovery_epochs >= 0` must hold, but got -1"),
        ({"rounds": 0}, r"`rounds >= 1` must hold, but got 0"),
        ({"calibration_examples": 0}, r"`calibration_examples >= 1` must hold, but got 0"),
        ({"importance": "weight"}, r"importance: one of 'taylor', 'magnitude' is expected, but got 'weight'"),
    ],
)
def test_impossible_fields_are_named(fields: dict[str, object], refusal: str) -> None:
    with pytest.raises(SweepError, match=refusal):
        build(Compression, {"type": "head_pruning", "sparsity": 0.5, **fields}, "compressions[0]")


@pytest.mark.parametrize("compression", EVERY, ids=lambda compression: str(compression.type))
def test_from_a_file_and_back(compression: StructuredPruning) -> None:
    spec = {"type": compression.type, **dataclasses.asdict(compression)}
    built = build(Compression, spec, "compressions[0]")
    assert built == compression
    assert digest(built) == digest(compression)
    assert len({digest(replace(compression, recovery_epochs=1, rounds=rounds)) for rounds in (1, 2)}) == 2
