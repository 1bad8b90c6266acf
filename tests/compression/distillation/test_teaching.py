"""What a teacher answers is found once: on the training split, and on variants that chance or the teacher chose."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from robust_ray.compression import Augmentation, Lesson
from robust_ray.compression.distillation.teaching import Taught, teach
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.metrics import js_divergence
from robust_ray.models import ScratchRoberta, students
from robust_ray.models.training import logits
from robust_ray.models.writing import Generation
from tests import fakes
from tests.fakes import asks

pytestmark = pytest.mark.torch

RENAMING = Augmentation(copies=2, rewrites=0, renames=1.0)


def of_variants(taught: Taught) -> list[tuple[int, Example]]:
    """Variants with the position of their originals."""
    pairs = enumerate(zip(taught.origins, taught.examples, strict=True))
    return [(origin, example) for i, (origin, example) in pairs if i != origin]


def moved(taught: Taught) -> float:
    """How far the answers have moved, on average."""
    variants = [i for i, origin in enumerate(taught.origins) if i != origin]
    before = taught.answers[[taught.origins[i] for i in variants]]
    return float(js_divergence(softmax(before, axis=1), softmax(taught.answers[variants], axis=1)).mean())


@pytest.fixture(scope="module")
def augmented(teacher: Path, lesson: Lesson) -> Taught:
    return teach(teacher, lesson.train, RENAMING, 3, Machine())


def test_without_variants_the_answers_are_the_teachers_logits(teacher: Path, lesson: Lesson) -> None:
    taught = teach(teacher, lesson.train, None, 0, Machine())
    assert taught.examples == lesson.train
    np.testing.assert_array_equal(taught.answers, logits(students.load(teacher), lesson.train, Machine()))


def test_each_example_has_its_variants(augmented: Taught, lesson: Lesson) -> None:
    variants = of_variants(augmented)
    assert Counter(origin for origin, _ in variants) == dict.fromkeys(range(len(lesson.train)), 2)
    for origin, variant in variants:
        original = augmented.examples[origin]
        assert (variant.label, variant.language) == (original.label, original.language)
        assert variant.segments != original.segments
    assert len({example.uid for example in augmented.examples}) == len(augmented.examples)
    assert len({example.segments for _, example in variants}) > 1.5 * len(lesson.train)


def test_the_teacher_has_answered_on_the_variants_themselves(augmented: Taught, teacher: Path) -> None:
    again = logits(students.load(teacher), augmented.examples, Machine())
    np.testing.assert_allclose(augmented.answers, again, atol=1e-5)


def test_the_answers_on_originals_may_stand_for_those_on_variants(augmented: Taught) -> None:
    of_originals = augmented.answered_as_originals()
    assert of_originals.examples is augmented.examples
    for i, origin in enumerate(augmented.origins):
        np.testing.assert_array_equal(of_originals.answers[i], augmented.answers[origin])


def test_the_same_seed_brings_the_same_variants(augmented: Taught, teacher: Path, lesson: Lesson) -> None:
    again = teach(teacher, lesson.train, RENAMING, 3, Machine())
    other = teach(teacher, lesson.train, RENAMING, 4, Machine())
    assert list(again.examples) == list(augmented.examples)
    np.testing.assert_array_equal(again.answers, augmented.answers)
    assert [each.segments for _, each in of_variants(other)] != [each.segments for _, each in of_variants(augmented)]


def test_the_worst_variant_moves_the_answer_more_than_any(teacher: Path, lesson: Lesson) -> None:
    train = lesson.train[:24]
    one, worst = (teach(teacher, train, replace(RENAMING, copies=1, worst_of=k), 3, Machine()) for k in (1, 8))
    assert len(of_variants(one)) == len(of_variants(worst)) == len(train)
    assert moved(worst) > 2 * moved(one)


def test_what_is_written_is_read_again(augmented: Taught, lesson: Lesson, tmp_path: Path) -> None:
    augmented.save(tmp_path)
    read = Taught.load(tmp_path, lesson.train)
    assert list(read.examples) == list(augmented.examples)
    assert list(read.origins) == list(augmented.origins)
    np.testing.assert_array_equal(read.answers, augmented.answers)


def test_answers_to_another_training_split_are_refused(augmented: Taught, lesson: Lesson, tmp_path: Path) -> None:
    augmented.save(tmp_path)
    with pytest.raises(ValueError, match="an answer for each of 289 examples is needed, got 288"):
        Taught.load(tmp_path, [*lesson.train, lesson.train[0]])


def test_a_program_is_the_same_variant_in_each_pair_it_is_in(tmp_path: Path) -> None:
    first, second, third = fakes.PYTHON
    pairs = [
        Example(uid=str(i), segments=pair, label=i % 2, language="python")
        for i, pair in enumerate([(first, second), (first, third), (second, "print(1)\n")])
    ]
    network = ScratchRoberta(layers=1, hidden=16, heads=2, vocabulary=300).load(pairs, asks(segments=2), 0, tmp_path)
    students.save(network, tmp_path)
    variants = dict(of_variants(teach(tmp_path, pairs, replace(RENAMING, copies=1), 0, Machine())))
    assert variants[0].segments[0] == variants[1].segments[0] != first
    assert variants[0].segments[1] == variants[2].segments[0] != second
    assert variants[2].segments[1] == "print(1)\n"


def test_programs_that_cannot_be_changed_have_no_variants(teacher: Path, lesson: Lesson) -> None:
    train = [replace(example, segments=("",)) for example in lesson.train[:3]]
    taught = teach(teacher, train, RENAMING, 0, Machine())
    assert list(taught.examples) == train
    assert taught.answers.shape == (3, 2)


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Example]]:
    """A teacher that writes, and its training split."""
    folder = tmp_path_factory.mktemp("writer")
    train = [
        Example(uid=str(i), segments=(text,), label=0, language="python", reference=f"says {i}")
        for i, text in enumerate(fakes.PYTHON)
    ]
    model = ScratchRoberta(
        layers=1, hidden=16, heads=2, vocabulary=300, generation=Generation(beams=2, max_new_tokens=5)
    )
    students.save(model.load(train, asks(0), 0, folder), folder)
    return folder, train


def test_a_writer_answers_with_what_its_beams_find(writer: tuple[Path, list[Example]], tmp_path: Path) -> None:
    folder, train = writer
    taught = teach(folder, train, replace(RENAMING, copies=1, worst_of=2), 0, Machine())
    assert taught.is_of_texts
    assert len(taught.examples) == 6
    victim = students.load_victim(folder, Machine())
    summaries = victim.summaries([each.input for each in taught.examples], 512)  # type: ignore[attr-defined]
    assert taught.answers.tolist() == summaries.texts
    taught.save(tmp_path)
    read = Taught.load(tmp_path, train)
    assert read.answers.tolist() == summaries.texts
    assert list(read.examples) == list(taught.examples)
