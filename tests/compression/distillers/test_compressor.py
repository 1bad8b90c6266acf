"""Compressor finds the student of a size that computes most, and teaches it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robust_ray.compression import Compression, Compressor, Lesson
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import CodeBERT, CompactRoberta, ScratchRoberta, students
from tests.compression.distillers.given import DistillerContract
from tests.fakes import asks

SMALL = Compressor(
    target_mb=0.3,
    bounds={"layers": (1.0, 1.0)},
    student=CompactRoberta(max_length=48, learning_rate=1e-3),
    epochs=4,
    temperature=2.0,
    generations=5,
    restarts=1,
)


@pytest.mark.torch
class TestCompressor(DistillerContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return SMALL

    def test_the_student_is_what_was_found(self, student: Path) -> None:
        report = json.loads((student / "search.json").read_text())
        network = students.load(student)
        config = network.architecture["config"]
        assert config["hidden_size"] == report["student"]["hidden"]
        assert config["num_hidden_layers"] == report["student"]["layers"] == 1
        assert network.max_length == 48
        assert report["predicted"]["megabytes"] == pytest.approx(0.3, abs=0.02)
        numbers = sum(weights.numel() for weights in network.module.parameters())
        hidden = report["student"]["hidden"]
        assert numbers * 4 / 1e6 == pytest.approx(report["predicted"]["megabytes"] - 4e-6 * (hidden**2 + hidden))
        assert set(report["measured"]) == {"accuracy", "rewritten", "flips"}
        assert report["measured"]["flips"] is None

    def test_it_learns_on_what_the_teacher_has_never_seen(self, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        halved = replace(lesson, train=lesson.train[:40], unlabelled=lesson.train)
        SMALL.compress(teacher, halved, tmp_path, Machine())
        with pytest.raises(ValueError, match="an answer for each of 40 examples is needed, got 96"):
            SMALL.compress(teacher, replace(halved, unlabelled=()), tmp_path, Machine())


def test_as_published_for_each_task() -> None:
    pairs, singles = (Compressor().schooling(asks(segments=n)) for n in (2, 1))
    assert (pairs.epochs, pairs.temperature, singles.epochs, singles.temperature) == (10, 1.0, 20, 10.0)
    assert Compressor().space(asks()).base.hidden_dropout == 0.5
    assert Compressor().space(asks(segments=2)).base.hidden_dropout == 0.2
    base = Compressor().space(asks()).base
    assert (base.max_length, base.positions, base.learning_rate, base.batch_size) == (400, 512, 1e-4, 16)
    assert Compressor().samples(asks(), 0) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target_mb": 0}, r"compressions\[0\]: `target_mb > 0` must hold, but got 0"),
        ({"epochs": 0}, "`epochs >= 1` must hold, but got 0"),
        ({"temperature": 0}, "`temperature > 0` must hold, but got 0"),
        ({"population": 1}, "`population >= 2` must hold, but got 1"),
        ({"restarts": 0}, "`restarts >= 1` must hold, but got 0"),
        ({"student": "scratch_roberta"}, "the model must be a CompactRoberta, but got 'scratch_roberta'"),
        ({"bounds": {"layer": [1, 2]}}, "the space has no such axis; did you mean 'layers'"),
        ({"bounds": {"hidden": [16, 17]}}, "axis 'hidden': whole steps must lead up from 16.0 to 17.0"),
        ({"bounds": {"layers": [1]}}, r"bounds.layers: a list of 2 is expected, but got \[1\]"),
    ],
)
def test_mistakes_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(Compression, {"type": "compressor"} | fields, "compressions[0]")


def test_a_student_that_is_sure_to_be_larger_than_its_teacher_is_refused() -> None:
    Compressor().fits(CodeBERT())
    Compressor(target_mb=0.3).fits(ScratchRoberta())
    with pytest.raises(SweepError, match=r"no larger than its teacher, but 3 MB are more than .* lower `target_mb`"):
        Compressor().fits(ScratchRoberta(layers=1, hidden=64, vocabulary=1000))
    with pytest.raises(SweepError, match=r"3.1 MB are more than the 3.0\d of this `compact_roberta`"):
        Compressor(target_mb=3.1).fits(CompactRoberta())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bounds": {"layers": (1, 1), "hidden": (16, 16), "vocabulary": (1000, 9000)}}, "that is 3 and they have 0.1"),
        ({"target_mb": 600.0}, r"that is 600 and they have 0.1\d* to 49\d MB"),
        ({"bounds": {"vocabulary": (0, 50000)}}, "`vocabulary >= 260` must hold with tokenizer 'bpe', but got 0"),
        ({"bounds": {"layers": (0, 1)}}, "`layers >= 1` must hold, but got 0"),
    ],
)
def test_bounds_that_leave_no_student_of_the_size_are_refused_when_planned(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(SweepError, match=message):
        Compressor(**fields).require(asks())
    for target in (3.0, 25.0, 50.0):
        Compressor(target_mb=target).require(asks())


def test_texts_are_refused() -> None:
    with pytest.raises(SweepError, match="compression 'compressor': its students tell classes apart"):
        Compressor().require(asks(0))
