"""AVATAR searches by what it is told of its samples, and teaches the student it has chosen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.compression import Avatar, Compression, Lesson
from robust_ray.compression.search import libraries
from robust_ray.compression.student_space import AVATAR
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import students
from tests.compression.distillers.given import BOUNDS, DistillerContract
from tests.fakes import asks

SMALL = Avatar(
    target_mb=0.3, bounds=BOUNDS, trained=6, sample_epochs=1, epochs=3, temperature=2.0, population=6, iterations=5
)


@pytest.mark.torch
class TestAvatar(DistillerContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return SMALL

    def test_the_student_is_of_the_front(self, student: Path) -> None:
        report = json.loads((student / "search.json").read_text())
        space = SMALL.space(asks())
        chosen = {axis.field: report["student"][axis.field] for axis in space.axes}
        costs = next(point for point in report["front"] if chosen.items() <= point.items())
        assert costs["megabytes off"] == pytest.approx(abs(report["predicted"]["megabytes"] - 0.3))
        assert costs["wrong"] == pytest.approx(1 - report["predicted"]["accuracy"])
        assert report["surrogates"]["accuracy"]["error"] < 2 * report["surrogates"]["accuracy"]["error_of_median"]
        assert students.load(student).architecture["config"]["hidden_size"] == chosen["hidden"]

    def test_the_samples_decide(self, teacher: Path, lesson: Lesson, student: Path, tmp_path: Path) -> None:
        others = [replace(each, accuracy=1.4 - each.accuracy) for each in lesson.samples]
        found = SMALL.search(replace(lesson, samples=others))
        assert found.report["front"] != json.loads((student / "search.json").read_text())["front"]

    def test_no_search_without_samples(self, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="learns from trained students, but got none; run the stage 'sample'"):
            SMALL.compress(teacher, replace(lesson, samples=()), tmp_path, Machine())


def test_as_published_for_each_task() -> None:
    for segments, epochs, of_samples, temperature in ((2, 10, 5, 1.0), (1, 50, 20, 10.0)):
        question = asks(segments=segments)
        schooling, samples = Avatar().schooling(question), Avatar().samples(question, 0)
        assert (schooling.epochs, schooling.temperature) == (epochs, temperature)
        assert len(samples) == len(set(samples)) == 20
        assert {each.schooling for each in samples} == {replace(schooling, epochs=of_samples)}
        assert Avatar(paper_mode=True).space(question) == AVATAR.of(segments)
        assert Avatar().space(question) == replace(AVATAR.of(segments), counts_distances=True)


def test_samples_depend_on_size_and_seed_and_on_nothing_of_the_search() -> None:
    samples = SMALL.samples(asks(), 0)
    assert SMALL.samples(asks(), 0) == samples
    assert SMALL.samples(asks(), 1) != samples
    assert replace(SMALL, target_mb=0.5).samples(asks(), 0) != samples
    other = replace(SMALL, population=9, iterations=2, paper_mode=True, epochs=9)
    assert other.samples(asks(), 0) == samples


def test_a_size_has_its_own_bounds() -> None:
    widths = Avatar(target_mb=0.5).space(asks())
    assert widths.upper[widths.index("hidden")] == 64
    with pytest.raises(SweepError, match=r"a student of at most 0.001 MB must be in the space, but none is"):
        Avatar(target_mb=0.001).space(asks())


def test_bounds_may_be_those_of_one_task_alone() -> None:
    widest = Avatar(bounds={"batch_size": (3, 3)})  # of 16, 32 and 64 for defects, but of 8 and 16 for clones
    widest.require(asks())
    assert {each.student.batch_size for each in widest.samples(asks(), 0)} == {64}
    with pytest.raises(SweepError, match="axis 'batch_size': genes must count its 2 options from 1"):
        widest.require(asks(segments=2))


def test_without_the_extra_it_is_refused_when_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    Avatar().require(asks())
    monkeypatch.setattr(libraries, "PACKAGES", {"no_such_module": "z3-solver"})
    with pytest.raises(SweepError, match=r"compression 'avatar': .* z3-solver cannot be found; run pip install"):
        Avatar().require(asks())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"trained": 5}, r"compressions\[0\]: `trained >= 6` must hold, but got 5"),
        ({"sample_epochs": 0}, "`sample_epochs >= 1` must hold, but got 0"),
        ({"population": 0}, "`population >= 1` must hold, but got 0"),
        ({"iterations": 0}, "`iterations >= 1` must hold, but got 0"),
    ],
)
def test_mistakes_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(Compression, {"type": "avatar"} | fields, "compressions[0]")
