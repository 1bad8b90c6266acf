"""Weights in other formats: as small as the bits say, near the teacher, nearer with more bits or after a rehearsal."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robust_ray.compression import (
    Compression,
    DynamicQuantization,
    Float8Quantization,
    Int8Quantization,
    Lesson,
    MagnitudePruning,
    NF4Quantization,
    SimulatedQuantization,
    StaticQuantization,
    WeightOnlyQuantization,
)
from robust_ray.compression.quantization.base import Quantization
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.models import students
from tests.contracts import CompressionContract, answers

pytestmark = pytest.mark.torch

EVERY: tuple[Quantization, ...] = (
    WeightOnlyQuantization(bits=8, group_size=None),
    SimulatedQuantization(bits=3, activation_bits=4, group_size=32, embeddings=True),
    NF4Quantization(embeddings=True),
    Float8Quantization(rounds_activations=False),
    Int8Quantization(rehearsal_epochs=1),
    StaticQuantization(calibration_examples=4, coverage=1.0),
)


def farthest(student: Path, teacher: Path, lesson: Lesson) -> float:
    """By how much an answer differs at most."""
    inputs = [example.segments for example in lesson.valid]
    return float(np.abs(answers(student, inputs) - answers(teacher, inputs)).max())


def linear_weights(folder: Path) -> tuple[int, int]:
    """Weights of linear layers, and their outputs."""
    from robust_ray.models.alterations.linear_layers import own_linear_layers

    weights = [layer.get_parameter("weight") for layer in own_linear_layers(students.load(folder).module).values()]
    return sum(weight.numel() for weight in weights), sum(len(weight) for weight in weights)


def loaded(folder: Path) -> int:
    """Bytes of a checkpoint's tensors."""
    from robust_ray.models.cost.storage import loaded_bytes

    return loaded_bytes(students.load(folder).module)


class TestWeightOnly(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return WeightOnlyQuantization(bits=4, group_size=16)

    def test_four_bits_are_half_a_byte(self, student: Path, teacher: Path) -> None:
        numbers, _ = linear_weights(teacher)
        groups = numbers // 16
        assert loaded(teacher) - loaded(student) == numbers * 4 - numbers // 2 - groups * (4 + 1)

    def test_answers_stay_near_the_teachers(self, student: Path, teacher: Path, lesson: Lesson) -> None:
        assert 0 < farthest(student, teacher, lesson) < 0.1

    def test_answers_do_not_depend_on_their_neighbours(self, student: Path) -> None:
        network = students.load(student)
        assert network.batch_invariant
        assert network.inference_only
        assert not network.cpu_only

    def test_embeddings_are_kept_so_if_asked(
        self, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path, compression: WeightOnlyQuantization
    ) -> None:
        replace(compression, embeddings=True).compress(teacher, lesson, tmp_path, Machine())
        numbers = 400 * 32  # vocabulary and width of the teacher
        assert loaded(student) - loaded(tmp_path) == numbers * 4 - numbers // 2 - numbers // 16 * (4 + 1)
        assert farthest(tmp_path, teacher, lesson) < 0.2

    def test_what_was_pruned_stays_zero(self, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        from robust_ray.models.cost.storage import weights

        MagnitudePruning(sparsity=0.6, scope="linear").compress(teacher, lesson, tmp_path / "pruned", Machine())
        for compression in EVERY:
            student = tmp_path / compression.type
            compression.compress(tmp_path / "pruned", lesson, student, Machine())
            held = [
                sum(int(tensor.count_nonzero()) for tensor in weights(students.load(folder).module))
                for folder in (tmp_path / "pruned", student)
            ]
            assert held[1] <= held[0]


class TestSimulated(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return SimulatedQuantization(bits=3, activation_bits=6)

    @pytest.mark.parametrize("bits", range(2, 9))
    def test_every_number_of_bits_is_its_size(self, bits: int, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        SimulatedQuantization(bits=bits).compress(teacher, lesson, tmp_path, Machine())
        numbers, outputs = linear_weights(teacher)
        assert loaded(teacher) - loaded(tmp_path) == numbers * 4 - numbers * bits // 8 - outputs * (4 + 1)

    def test_fewer_bits_are_farther(self, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        found = []
        for bits, activation_bits in ((8, None), (8, 4), (4, None), (2, None)):
            folder = tmp_path / f"{bits}-{activation_bits}"
            compression = SimulatedQuantization(bits=bits, activation_bits=activation_bits)
            compression.compress(teacher, lesson, folder, Machine())
            found.append(farthest(folder, teacher, lesson))
        assert found[0] < found[1]
        assert found[0] < found[2] < found[3]

    def test_a_rehearsal_brings_back_what_two_bits_lose(self, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        right = []
        labels = np.array([example.label for example in lesson.valid])
        for epochs in (0, 3):
            folder = tmp_path / str(epochs)
            SimulatedQuantization(bits=2, rehearsal_epochs=epochs).compress(teacher, lesson, folder, Machine())
            found = answers(folder, [example.segments for example in lesson.valid])
            right.append(float(-np.log(found[np.arange(len(labels)), labels]).mean()))
            assert all(change["type"] != "rehearsal" for change in students.load(folder).alterations)
        assert right[1] < right[0]


class TestNF4(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return NF4Quantization(group_size=16)

    def test_sixteen_numbers_are_half_a_byte(self, student: Path, teacher: Path, lesson: Lesson) -> None:
        numbers, _ = linear_weights(teacher)
        assert loaded(teacher) - loaded(student) == numbers * 4 - numbers // 2 - numbers // 16 * 4
        assert 0 < farthest(student, teacher, lesson) < 0.1


class TestFloat8(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Float8Quantization()

    def test_a_number_is_a_byte(self, student: Path, teacher: Path, lesson: Lesson) -> None:
        numbers, outputs = linear_weights(teacher)
        assert loaded(teacher) - loaded(student) == numbers * 3 - outputs * 4
        assert 0 < farthest(student, teacher, lesson) < 0.05


def test_a_quantized_network_is_not_quantized_again(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    DynamicQuantization().compress(teacher, lesson, tmp_path / "int8", Machine())
    WeightOnlyQuantization().compress(teacher, lesson, tmp_path / "four", Machine())
    for folder in (tmp_path / "int8", tmp_path / "four"):
        for compression in (*EVERY, DynamicQuantization()):
            with pytest.raises(ModelError, match=rf"{compression.type!r}: .* quantized; quantize the teacher, once"):
                compression.compress(folder, lesson, tmp_path / "student", Machine())


@pytest.mark.parametrize(
    ("spec", "refusal"),
    [
        (
            {"type": "weight_only_quantization", "bits": 3},
            r"`bits` must be 4 or 8, but got 3; 'simulated_quantization'",
        ),
        ({"type": "weight_only_quantization", "group_size": 4}, r"`group_size >= 8` must hold, but got 4; 64 is usual"),
        ({"type": "simulated_quantization", "bits": 1}, r"`2 <= bits <= 8` must hold, but got 1"),
        ({"type": "simulated_quantization", "activation_bits": 9}, r"`2 <= activation_bits <= 8` must hold, but got 9"),
        ({"type": "simulated_quantization", "group_size": 0}, r"`group_size >= 8` must hold, but got 0"),
        ({"type": "nf4_quantization", "group_size": 7}, r"`group_size >= 8` must hold, but got 7"),
        ({"type": "float8_quantization", "rehearsal_epochs": -1}, r"`rehearsal_epochs >= 0` must hold, but got -1"),
        ({"type": "static_quantization", "coverage": 0}, r"`0 < coverage <= 1` must hold, but got 0"),
        (
            {"type": "static_quantization", "calibration_examples": 0},
            r"`calibration_examples >= 1` must hold, but got 0",
        ),
    ],
)
def test_impossible_fields_are_named(spec: dict[str, object], refusal: str) -> None:
    with pytest.raises(SweepError, match=refusal):
        build(Compression, spec, "compressions[0]")


@pytest.mark.parametrize("compression", EVERY, ids=lambda compression: str(compression.type))
def test_from_a_file_and_back(compression: Quantization) -> None:
    built = build(Compression, {"type": compression.type, **dataclasses.asdict(compression)}, "compressions[0]")
    assert built == compression
    assert digest(built) == digest(compression)
    assert digest(replace(compression, rehearsal_epochs=7)) != digest(compression)
