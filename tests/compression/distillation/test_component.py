"""Distillation: the student answers as its teacher does, whatever it is made of and whatever else it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robust_ray.compression import Augmentation, Compression, Distillation, Lesson, Matching
from robust_ray.compression.distillation._variants import vary
from robust_ray.compression.distillation.teaching import teach
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, generator
from robust_ray.core.machine import Machine
from robust_ray.metrics import agreement, js_divergence
from robust_ray.models import CodeBERT, HuggingFace, ScratchRoberta, students
from robust_ray.models.alterations import anatomy
from robust_ray.source import analyse
from tests.compression.conftest import examples
from tests.contracts import CompressionContract, answers
from tests.fakes import asks

pytestmark = pytest.mark.torch

WIDE = ScratchRoberta(layers=1, hidden=16, heads=2, intermediate=32, vocabulary=400, max_length=48)
"""With the tokenizer of the teacher, which learns it from the same programs."""

TINY = ScratchRoberta(layers=1, hidden=16, heads=2, intermediate=32, vocabulary=300, max_length=48)


class TestDistillation(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Distillation(student=TINY, epochs=15)

    def test_mimics_the_teacher_on_programs_neither_has_seen(self, student: Path, teacher: Path) -> None:
        inputs = [example.segments for example in examples("test", 40)]
        of_teacher, of_student = answers(teacher, inputs), answers(student, inputs)
        assert agreement(of_teacher.argmax(1), of_student.argmax(1)) == pytest.approx(1.0, abs=0.05)
        assert js_divergence(of_teacher, of_student).mean() < 0.05

    def test_is_smaller_than_the_teacher(self, student: Path, teacher: Path) -> None:
        sizes = [(folder / "model.safetensors").stat().st_size for folder in (student, teacher)]
        assert sizes[0] < sizes[1] / 2


def test_epochs_and_rate_are_the_teachers_unless_given(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    none = replace(lesson, training=replace(lesson.training, epochs=1, learning_rate=1e-6))
    for name, compression in (
        ("inherited", Distillation(student=TINY)),
        ("given", Distillation(student=TINY, epochs=6, learning_rate=5e-3)),
    ):
        (tmp_path / name).mkdir()
        compression.compress(teacher, none, tmp_path / name, Machine())
    inputs = [example.segments for example in lesson.valid]
    far, near = (
        js_divergence(answers(tmp_path / n, inputs), answers(teacher, inputs)).mean() for n in ("inherited", "given")
    )
    assert near < 0.5 * far


def test_the_student_is_a_component_within_the_component() -> None:
    spec = {
        "type": "distillation",
        "student": {"type": "scratch_roberta", "layers": 1, "hidden": 64},
        "temperature": 10,
    }
    built = build(Compression, spec, "compressions[0]")
    assert built == Distillation(student=ScratchRoberta(layers=1, hidden=64), temperature=10.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": 0}, r"compressions\[0\]: `temperature > 0` must hold, but got 0"),
        ({"alpha": 1.5}, r"compressions\[0\]: `0 <= alpha <= 1` must hold, but got 1.5"),
        ({"epochs": 0}, r"compressions\[0\]: `epochs >= 1` must hold, but got 0"),
        ({"cosine": -1}, r"compressions\[0\]: `cosine >= 0` must hold, but got -1"),
        ({"teacher_layers": 0}, r"compressions\[0\]: `teacher_layers >= 1` must hold, but got 0"),
        (
            {"teacher_layers": [1, 1]},
            r"compressions\[0\]: `teacher_layers` must rise from 0 or above, but got \[1, 1\]",
        ),
        ({"teacher_layers": 1, "student": {"type": "scratch_roberta"}}, "but got `student` and `teacher_layers`"),
        ({"matching": {"hidden": 0}}, r"compressions\[0\]\.matching: a matching must give `hidden` or `attention`"),
        ({"matching": {"hidden": -1}}, r"compressions\[0\]\.matching: `hidden >= 0` must hold, but got -1"),
        ({"matching": {"layers": [-1]}}, "`layers` must be numbers of layers from 0 on"),
        ({"augmentation": {"copies": 0}}, r"compressions\[0\]\.augmentation: `copies >= 1` must hold, but got 0"),
        ({"variants_answer": "own"}, r"compressions\[0\]: `variants_answer` is about variants, but there are none"),
        ({"variants_answer": "both"}, "one of 'original', 'own' is expected, but got 'both'"),
        ({"student": "scratch_robert"}, r"compressions\[0\]\.student: .* did you mean 'scratch_roberta'"),
    ],
)
def test_mistakes_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(Compression, {"type": "distillation"} | fields, "compressions[0]")


def test_no_student_without_the_teachers_answers(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="learns from the teacher's answers, but got none"):
        Distillation(student=TINY).compress(teacher, replace(lesson, teacher_answers=None), tmp_path, Machine())


def accuracy(checkpoint: Path, asked: list[Example]) -> float:
    """Share of right answers."""
    found = answers(checkpoint, [example.segments for example in asked]).argmax(1)
    return float(np.mean(found == [example.label for example in asked]))


class TestOwnLayers(CompressionContract):
    """The first layer of the teacher, with its embeddings, tokenizer and head."""

    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Distillation(teacher_layers=1, epochs=2)

    def test_one_layer_is_left_of_two(self, student: Path, teacher: Path) -> None:
        depths = [
            [len(stack) for stack in anatomy.stacks(students.load(folder).module).values()]
            for folder in (teacher, student)
        ]
        assert depths == [[2], [1]]

    def test_it_begins_where_the_teacher_is(self, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        tiny = replace(lesson.training, epochs=1, learning_rate=1e-9)
        Distillation(teacher_layers=(1,)).compress(teacher, replace(lesson, training=tiny), tmp_path, Machine())
        kept, whole = (students.load(folder).module.state_dict() for folder in (tmp_path, teacher))
        name = "body.encoder.layer.{}.output.dense.weight"
        assert torch.allclose(kept[name.format(0)], whole[name.format(1)], atol=1e-6)
        assert torch.allclose(kept["out.weight"], whole["out.weight"], atol=1e-6)


class TestMatching(CompressionContract):
    """A student half as wide, whose states are projected, and whose attention is matched as it is."""

    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Distillation(student=WIDE, epochs=4, matching=Matching(hidden=1.0, attention=1.0))

    def test_the_projection_is_thrown_away(self, student: Path) -> None:
        network = students.load(student)
        assert network.alterations == ()
        assert not any("projection" in name for name in network.module.state_dict())


class TestRobustDistillation(CompressionContract):
    """With the worst of three variants of each program; the teacher's answer on the original is to be given."""

    AUGMENTATION = Augmentation(worst_of=3, renames=1.0)

    @pytest.fixture(scope="class")
    def lesson(self, teacher: Path, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Lesson:
        folder = tmp_path_factory.mktemp("answers")
        teach(teacher, lesson.train, self.AUGMENTATION, lesson.seed, Machine()).save(folder)
        return replace(lesson, teacher_answers=folder)

    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Distillation(student=TINY, epochs=5, augmentation=self.AUGMENTATION, alpha=0.5, cosine=0.5)

    def test_it_withstands_variants_it_has_not_seen(self, student: Path, lesson: Lesson, tmp_path: Path) -> None:
        asked = examples("test", 30)
        names = [f"name{i}" for i in range(40)]
        changed = []
        for example in asked:
            text = vary(analyse(example.segments[0], "c"), names, Augmentation(renames=1.0), generator(example.uid))
            changed.append(replace(example, segments=(text or example.segments[0],)))
        assert accuracy(student, changed) > 0.85


def test_a_student_larger_than_its_teacher_is_refused_when_planned() -> None:
    teacher = ScratchRoberta(layers=1, hidden=64)
    Distillation(student=ScratchRoberta(layers=1, hidden=64)).fits(teacher)
    Distillation(student=ScratchRoberta(layers=1, hidden=64, vocabulary=9000)).fits(teacher)  # there may be fewer words
    with pytest.raises(SweepError, match="a student must be no larger than its teacher, but this `scratch_roberta` is"):
        Distillation(student=ScratchRoberta(layers=2, hidden=64)).fits(teacher)


def test_a_student_larger_than_its_teacher_is_refused_before_it_learns(
    teacher: Path, lesson: Lesson, tmp_path: Path
) -> None:
    large = ScratchRoberta(layers=3, hidden=64, vocabulary=400, max_length=48)
    with pytest.raises(ModelError, match=r"no larger than its teacher, but has 1\d\d,\d\d\d numbers and the teacher"):
        Distillation(student=large).compress(teacher, lesson, tmp_path, Machine())


@pytest.mark.parametrize(
    ("layers", "message"), [(3, "of the teacher's 2, but got 3"), ((0, 2), r"of the teacher's 2, but got \(0, 2\)")]
)
def test_no_more_layers_than_there_are(
    layers: int | tuple[int, ...], message: str, teacher: Path, lesson: Lesson, tmp_path: Path
) -> None:
    compression = Distillation(teacher_layers=layers)
    with pytest.raises(SweepError, match=message):
        compression.fits(ScratchRoberta(layers=2))
    with pytest.raises(ModelError, match=message):
        compression.compress(teacher, lesson, tmp_path, Machine())


@pytest.mark.parametrize(
    ("matching", "student", "message"),
    [
        (Matching(), TINY, "a student must read the tokens as its teacher does"),
        (Matching(layers=(0, 1)), WIDE, r"a layer of the teacher's 2 for each of the student's 1, but got \[0, 1\]"),
        (Matching(layers=(2,)), WIDE, r"a layer of the teacher's 2 for each of the student's 1, but got \[2\]"),
        (Matching(), replace(WIDE, layers=3, hidden=8), "no more layers than its teacher, but has 3 for 2"),
    ],
)
def test_what_cannot_be_matched_is_refused(
    matching: Matching, student: ScratchRoberta, message: str, teacher: Path, lesson: Lesson, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=message):
        Distillation(student=student, matching=matching).compress(teacher, lesson, tmp_path, Machine())


@pytest.mark.parametrize(
    ("matching", "student", "message"),
    [
        (Matching(layers=(0, 1)), {"student": WIDE}, "each of the student's 1, but got \\[0, 1\\]"),
        (Matching(layers=(2,)), {"student": WIDE}, "a layer of the teacher's 2 for each"),
        (
            Matching(),
            {"student": replace(WIDE, layers=3, hidden=8)},
            "no more layers than its teacher, but has 3 for 2",
        ),
        (Matching(layers=(1,)), {"teacher_layers": 2}, "each of the student's 2, but got \\[1\\]"),
        (Matching(layers=(1,)), {"teacher_layers": (0, 1)}, "each of the student's 2, but got \\[1\\]"),
    ],
)
def test_layers_without_counterparts_are_refused_when_planned(
    matching: Matching, student: dict[str, Any], message: str
) -> None:
    with pytest.raises(SweepError, match=message):
        Distillation(matching=matching, **student).fits(ScratchRoberta(layers=2))


def test_matching_across_tokenizers_is_refused_when_planned() -> None:
    with pytest.raises(SweepError, match="a `scratch_roberta` has its own tokenizer and 'codebert' another"):
        Distillation(matching=Matching()).fits(CodeBERT())
    for compression in (Distillation(), Distillation(teacher_layers=6, matching=Matching())):
        compression.fits(CodeBERT())
    Distillation(matching=Matching()).fits(ScratchRoberta())


def test_texts_have_no_probabilities_to_mix() -> None:
    Distillation().require(asks(0))
    for compression in (Distillation(alpha=0.5), Distillation(cosine=1.0)):
        compression.require(asks(2))
        with pytest.raises(SweepError, match="learns texts from the teacher alone, but got `alpha` or `cosine`"):
            compression.require(asks(0))


def test_a_student_that_cannot_answer_is_refused() -> None:
    student = HuggingFace(name="someone/something", one_logit=True)
    with pytest.raises(SweepError, match="`one_logit` is for two classes"):
        Distillation(student=student).require(asks(3))
    Distillation(teacher_layers=1).require(asks(3))


@pytest.mark.parametrize("layers", [2, (0, 3)])
def test_what_comes_after_meets_a_network_of_the_layers_that_are_left(layers: int | tuple[int, ...]) -> None:
    left = Distillation(teacher_layers=layers).model_of_student(ScratchRoberta(layers=4))
    assert left == ScratchRoberta(layers=2)
