"""Int8 by int8: near the teacher, whatever the batch, with ranges that are each token's or known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.compression import Compression, Int8Quantization, Lesson, StaticQuantization
from robust_ray.compression.quantization._calibration import ranges, reach
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import ScratchRoberta, students
from tests.contracts import CompressionContract, answers
from tests.fakes import asks

pytestmark = pytest.mark.torch


def alone_and_together(student: Path, lesson: Lesson) -> tuple[np.ndarray, np.ndarray]:
    """Answers to inputs of very different lengths, one at a time and in one batch."""
    victim = students.load_victim(student, Machine())
    inputs = [example.segments for example in lesson.valid[:8]] + [("x",), ("int f(char *a) { return *a; }" * 4,)]
    encodings = victim.encode(inputs)
    return np.concatenate([victim.predict([encoding]) for encoding in encodings]), victim.predict(encodings)


class TestInt8(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Int8Quantization()

    def test_answers_stay_near_the_teachers(self, student: Path, teacher: Path, lesson: Lesson) -> None:
        inputs = [example.segments for example in lesson.valid]
        np.testing.assert_allclose(answers(student, inputs), answers(teacher, inputs), atol=0.02)

    def test_answers_do_not_depend_on_their_neighbours(self, student: Path, lesson: Lesson) -> None:
        assert students.load(student).batch_invariant
        np.testing.assert_array_equal(*alone_and_together(student, lesson))


class TestInt8WithRehearsal(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Int8Quantization(rehearsal_epochs=1)

    def test_weights_have_moved(self, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        Int8Quantization().compress(teacher, lesson, tmp_path, Machine())
        assert (student / students.WEIGHTS).read_bytes() != (tmp_path / students.WEIGHTS).read_bytes()
        assert students.load(student).alterations == students.load(tmp_path).alterations


class TestStatic(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return StaticQuantization(calibration_examples=16)

    def test_answers_stay_near_the_teachers(self, student: Path, teacher: Path, lesson: Lesson) -> None:
        inputs = [example.segments for example in lesson.valid]
        np.testing.assert_allclose(answers(student, inputs), answers(teacher, inputs), atol=0.1)

    def test_answers_do_not_depend_on_their_neighbours(self, student: Path, lesson: Lesson) -> None:
        assert students.load(student).batch_invariant
        np.testing.assert_array_equal(*alone_and_together(student, lesson))

    def test_every_layer_knows_its_range(self, student: Path, teacher: Path) -> None:
        from robust_ray.models.alterations.linear_layers import own_linear_layers

        (change,) = students.load(student).alterations
        assert set(change["ranges"]) == set(own_linear_layers(students.load(teacher).module))
        assert all(found > 0 for found in change["ranges"].values())


class TestStaticWithRehearsal(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return StaticQuantization(calibration_examples=4, coverage=0.99, rehearsal_epochs=1)


def test_ranges_are_those_of_the_inputs(teacher: Path, lesson: Lesson) -> None:
    network, shown = students.load(teacher), lesson.train[:3]
    seen: dict[str, list[float]] = {"dense": [], "out": []}
    for name, noted in seen.items():
        network.module.get_submodule(name).register_forward_pre_hook(
            lambda _, given, noted=noted: noted.append(float(given[0].abs().max()))
        )
    found = ranges(network, shown, 1.0, Machine())
    assert {name: found[name] for name in seen} == {name: max(largest) for name, largest in seen.items()}
    fewer = ranges(network, shown, 0.9, Machine())
    assert all(fewer[name] <= found[name] for name in found)
    assert all(part.training is False for part in network.module.modules())


def test_the_padding_of_a_pair_has_no_part_in_a_range(tmp_path: Path) -> None:
    long, short = "int f(char *a) { return *a; }" * 4, "x"
    model = ScratchRoberta(layers=1, hidden=16, heads=2, intermediate=32, vocabulary=300, max_length=48)

    network = model.load(pair(long, short), asks(segments=2), 0, tmp_path)
    both, first, second = (
        ranges(network, pair(*segments), 0.9, Machine()) for segments in ((long, short), (long, long), (short, short))
    )
    read_alone = [name for name in both if name.startswith("body")]
    assert read_alone
    assert all(both[name] == max(first[name], second[name]) for name in read_alone)


def pair(*segments: str) -> list[Example]:
    """An example."""
    return [Example(uid="pair", segments=segments, label=0, language="c")]


@given(st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=30), st.floats(0.01, 1.0))
def test_a_reach_covers_its_share_and_no_more(numbers: list[float], coverage: float) -> None:
    magnitudes = torch.tensor(numbers).abs()
    found = reach(torch.tensor(numbers), coverage)
    assert (magnitudes <= found).double().mean() >= coverage
    assert (magnitudes < found).double().mean() < coverage
