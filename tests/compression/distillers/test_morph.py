"""MORPH searches by accuracy and flips of its samples, and teaches on rewritten programs, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.compression import Augmentation, Compression, Lesson, Morph, RewrittenPrograms
from robust_ray.compression.distillation.rewriting import RENAMED
from robust_ray.compression.search import surrogates
from robust_ray.core.build import build
from robust_ray.core.errors import DataError, SweepError
from robust_ray.core.identity import digest
from tests.compression.distillers.given import BOUNDS, DistillerContract
from tests.fakes import asks

SMALL = Morph(target_mb=0.3, bounds=BOUNDS, trained=6, sample_epochs=1, epochs=3, population=6, generations=3)


@pytest.fixture(autouse=True, scope="module")
def small_grid() -> Iterator[None]:
    """The whole takes a quarter of a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surrogates, "GRID", surrogates.GRID[:1])
        yield


@pytest.mark.torch
class TestMorph(DistillerContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return SMALL

    def test_the_student_is_of_the_front_and_its_flips_are_counted(self, student: Path) -> None:
        report = json.loads((student / "search.json").read_text())
        chosen = {axis.field: report["student"][axis.field] for axis in SMALL.space(asks()).axes}
        costs = next(point for point in report["front"] if chosen.items() <= point.items())
        assert costs["flips"] == report["predicted"]["flips"]
        assert costs["megabytes"] == pytest.approx(report["predicted"]["megabytes"])
        assert set(report["surrogates"]) == {"accuracy", "flips"}
        assert 0 <= report["measured"]["flips"] <= report["measured"]["rewritten"] == 32

    def test_flips_are_needed(self, lesson: Lesson) -> None:
        uncounted = [replace(each, flips=None) for each in lesson.samples[:1]]
        with pytest.raises(ValueError, match="flips of 6 samples are needed, but got those of 5"):
            SMALL.search(replace(lesson, samples=[*uncounted, *lesson.samples[1:]]))


def test_as_published_for_each_task() -> None:
    for segments, epochs, of_samples in ((2, 20, 5), (1, 40, 20)):
        question = asks(segments=segments)
        schooling, samples = Morph().schooling(question), Morph().samples(question, 0)
        assert (schooling.epochs, schooling.temperature, schooling.cosine) == (epochs, 3.0, 1.0)
        assert schooling.variants == Morph().augmentation == RENAMED
        assert len(samples) == 20
        assert {each.schooling for each in samples} == {replace(schooling, epochs=of_samples)}
    rates = {each.student.learning_rate for each in Morph().samples(asks(segments=2), 0)}
    assert rates == {1e-4, 5e-5}


def test_a_file_of_rewritten_programs_stands_in_for_the_rewriting(tmp_path: Path) -> None:
    path = tmp_path / "rewritten.jsonl"
    morph = Morph(rewritten=str(path))
    with pytest.raises(DataError, match="a file of rewritten programs must be there, but is not"):
        digest(morph)
    path.write_text('{"code": "int f(int a);", "rewritten": "int g(int b);"}\n')
    before = digest(morph)
    assert morph.augmentation == morph.schooling(asks()).variants == RewrittenPrograms(path=str(path))
    path.write_text('{"code": "int f(int a);", "rewritten": "int h(int b);"}\n')
    assert digest(morph) != before
    assert Morph().revision() is None
    with pytest.raises(SweepError, match="got `rewriting` and `rewritten`; omit either"):
        replace(morph, rewriting=Augmentation())


def test_a_space_too_small_for_a_generation_is_refused_when_planned() -> None:
    single = dict.fromkeys(("layers", "heads", "tokenizer", "activation", "position_type"), (1.0, 1.0))
    single |= {"hidden": (64.0, 64.0), "intermediate": (64.0, 64.0), "vocabulary": (1000.0, 1000.0)}
    single |= {"hidden_dropout": (0.2, 0.2), "attention_dropout": (0.2, 0.2), "max_length": (256.0, 265.0)}
    small = Morph(target_mb=0.5, bounds=single | {"learning_rate": (2.0, 2.0), "batch_size": (1.0, 1.0)}, trained=6)
    with pytest.raises(SweepError, match="50 students must be in the space, but it seems to have 10"):
        small.require(asks())
    replace(small, population=10).require(asks())


def test_it_is_built_from_a_file() -> None:
    spec = {"type": "morph", "rewriting": {"renames": 1.0, "rewrites": 2}, "variants_answer": "own"}
    built = build(Compression, spec, "compressions[0]")
    assert built == Morph(rewriting=Augmentation(renames=1.0, rewrites=2), variants_answer="own")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cosine": -1}, r"compressions\[0\]: `cosine >= 0` must hold, but got -1"),
        ({"population": 1}, "`population >= 2` must hold, but got 1"),
        ({"generations": 0}, "`generations >= 1` must hold, but got 0"),
        ({"rewriting": {"copies": 0}}, r"compressions\[0\]\.rewriting: `copies >= 1` must hold"),
    ],
)
def test_mistakes_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(Compression, {"type": "morph"} | fields, "compressions[0]")
