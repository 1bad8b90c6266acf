"""Pipelines: every order that makes sense works, and every other one is refused before anything runs."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_ray.compression import (
    Compression,
    Distillation,
    DynamicQuantization,
    HeadPruning,
    ImportedStudent,
    LayerPruning,
    Lesson,
    LowRank,
    MagnitudePruning,
    NMPruning,
    Pipeline,
    WeightOnlyQuantization,
    WeightSharing,
)
from robust_ray.compression.distillation.teaching import teach
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.models import HuggingFace, Imported, ScratchRoberta, students
from tests.contracts import CompressionContract, answers
from tests.fakes import asks

pytestmark = pytest.mark.torch

STUDENT = ScratchRoberta(layers=1, hidden=16, heads=2, intermediate=32, vocabulary=300, max_length=48)

FAMILIES: dict[str, Compression] = {
    "distillation": Distillation(student=STUDENT, epochs=1),
    "own layers": Distillation(teacher_layers=1, epochs=1),
    "heads": HeadPruning(sparsity=0.5, importance="magnitude", ranking="layer"),
    "low rank": LowRank(ratio=0.5),
    "weights": MagnitudePruning(sparsity=0.5, scope="linear"),
    "sharing": WeightSharing(),
    "quantization": WeightOnlyQuantization(),
}
"""One of each family, and the two kinds of distillation."""

FOLLOWERS: dict[str, set[str]] = {
    "distillation": set(FAMILIES),
    "own layers": set(FAMILIES),
    "heads": set(FAMILIES),
    "low rank": {"distillation", "own layers", "weights", "sharing", "quantization"},
    "weights": {"distillation", "heads", "weights", "sharing", "quantization"},
    "sharing": {"distillation", "own layers"},
    "quantization": {"distillation"},
}
"""What can work on what each family leaves."""


def zeros(checkpoint: Path) -> dict[str, Any]:
    """Where each matrix of a checkpoint is zero."""
    state = students.load(checkpoint).module.state_dict()
    return {name: tensor == 0 for name, tensor in state.items() if name.endswith("weight") and tensor.ndim == 2}


class TestPipeline(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return Pipeline(steps=(FAMILIES["own layers"], FAMILIES["weights"], DynamicQuantization()))

    def test_it_is_what_its_steps_make_one_by_one(
        self, compression: Pipeline, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path
    ) -> None:
        inputs = [example.segments for example in lesson.valid]
        made = teacher
        for i, step in enumerate(compression.in_order()):
            step.compress(made, lesson, tmp_path / str(i), Machine())
            made = tmp_path / str(i)
        np.testing.assert_array_equal(answers(student, inputs), answers(made, inputs))

    def test_each_teacher_is_asked_itself(self, student: Path, teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
        steps = (FAMILIES["weights"], FAMILIES["distillation"])
        Pipeline(steps=steps).compress(teacher, lesson, tmp_path, Machine())
        steps[1].compress(teacher, lesson, tmp_path / "of the first teacher", Machine())
        inputs = [example.segments for example in lesson.valid]
        assert not np.array_equal(answers(tmp_path, inputs), answers(tmp_path / "of the first teacher", inputs))


@pytest.fixture(scope="module")
def short(teacher: Path, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """A lesson of few examples."""
    train, folder = lesson.train[:24], tmp_path_factory.mktemp("answers")
    teach(teacher, train, None, 0, Machine()).save(folder)
    return replace(lesson, train=train, valid=lesson.valid[:8], teacher_answers=folder)


@pytest.fixture(scope="module")
def first(teacher: Path, short: Lesson, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What one of each family makes of the teacher."""
    made = {name: tmp_path_factory.mktemp("first") for name in FAMILIES}
    for name, folder in made.items():
        FAMILIES[name].compress(teacher, short, folder, Machine())
    return made


@pytest.mark.parametrize(
    ("one", "other"), [(one, other) for one in FAMILIES for other in sorted(FOLLOWERS[one] - {one})]
)
def test_what_can_follow_leaves_a_student_that_is_the_same_in_another_process(
    one: str,
    other: str,
    first: dict[str, Path],
    short: Lesson,
    tmp_path: Path,
    other_process: ProcessPoolExecutor,
) -> None:
    Pipeline(steps=(FAMILIES[one], FAMILIES[other]))
    FAMILIES[other].compress(first[one], short, tmp_path, Machine())
    inputs = [example.segments for example in short.valid]
    found = answers(tmp_path, inputs)
    assert not np.array_equal(found, answers(first[one], inputs))
    np.testing.assert_array_equal(other_process.submit(answers, tmp_path, inputs).result(), found)


@pytest.mark.parametrize(
    ("one", "other"), [(one, other) for one in FAMILIES for other in FAMILIES if other not in FOLLOWERS[one]]
)
def test_what_cannot_follow_is_refused_with_what_can_be_done(one: str, other: str) -> None:
    steps = (FAMILIES[one], FAMILIES[other])
    advice = rf"put '{steps[1].type}' before '{steps[0].type}'" if one in FOLLOWERS[other] else "keep one of the two"
    wanted = (
        rf"^`steps\[1\]`, '{steps[1].type}', must find weights that it can work on, but `steps\[0\]`, .*; {advice}$"
    )
    with pytest.raises(SweepError, match=wanted):
        Pipeline(steps=steps)


def test_the_whole_way_counts() -> None:
    rank, weights, heads = FAMILIES["low rank"], FAMILIES["weights"], FAMILIES["heads"]
    with pytest.raises(SweepError, match=r"`steps\[2\]`, 'head_pruning', .* but `steps\[0\]`, 'low_rank', has split"):
        Pipeline(steps=(rank, weights, heads))
    Pipeline(steps=(rank, weights, FAMILIES["distillation"], heads))


def test_recovery_of_a_later_step_leaves_zeros_alone(first: dict[str, Path], short: Lesson, tmp_path: Path) -> None:
    LayerPruning(sparsity=0.5, recovery_epochs=1).compress(first["weights"], short, tmp_path, Machine())
    before, after = zeros(first["weights"]), zeros(tmp_path)
    assert all((after[name] >= before[name]).all() for name in after)
    assert any(after[name].any() for name in after)


def test_a_bare_list_is_a_pipeline() -> None:
    spec = ["distillation", {"type": "magnitude_pruning", "sparsity": 0.5}, "dynamic_quantization"]
    built = build(Compression, spec, "compressions[0]")
    assert built == Pipeline(steps=(Distillation(), MagnitudePruning(sparsity=0.5), DynamicQuantization()))
    assert digest(built) == digest(build(Compression, {"type": "pipeline", "steps": spec}, "compressions[1]"))
    assert digest(built) != digest(build(Compression, spec[:2], "compressions[2]"))


@pytest.mark.parametrize(
    ("steps", "refusal"),
    [
        ([], r"c\[0\]: `steps` must hold two compressions at least, but got 0"),
        (["distillation"], r"c\[0\]: `steps` must hold two compressions at least, but got 1; name one alone"),
        (["none", "distillation"], r"c\[0\]: `steps\[0\]` must change its teacher, but got 'none'; leave it out"),
        (
            [["distillation", "dynamic_quantization"], "distillation"],
            r"c\[0\]: `steps\[0\]` must be one compression, but got a pipeline; write its steps in its place",
        ),
        (
            ["distillation", {"type": "imported", "student": {"type": "imported", "path": "here"}}],
            r"c\[0\]: `steps\[1\]`, 'imported', must come first, .*; leave the steps before it out",
        ),
        (["distillation", {"type": "low_rank", "ratio": 2}], r"c\[0\]\.steps\[1\]: `0 < ratio < 1` must hold"),
        (
            [{"type": "magnitude_pruning", "sparsity": 0.4}, {"type": "random_pruning", "sparsity": 0.4}],
            r"c\[0\]: `steps\[1\]`, 'random_pruning', must change its teacher, but earlier .*; ask for more",
        ),
        (["n_m_pruning", {"type": "n_m_pruning", "kept": 3}], r"`steps\[1\]`, 'n_m_pruning', must change its teacher"),
        (["distilation", "none"], r"c\[0\]\.steps\[0\]: compression 'distilation' does not exist; did you mean"),
    ],
)
def test_impossible_steps_are_named(steps: list[object], refusal: str) -> None:
    with pytest.raises(SweepError, match=refusal):
        build(Compression, steps, "c[0]")


def test_a_second_pruning_may_ask_for_more() -> None:
    half = MagnitudePruning(sparsity=0.5)
    for more in (
        replace(half, sparsity=0.6),
        replace(half, scope="linear"),
        NMPruning(scope="attention"),
    ):
        Pipeline(steps=(half, more))
    Pipeline(steps=(half, HeadPruning(sparsity=0.5), half))


def test_each_step_must_fit_the_model_that_it_gets(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "deberta"}')
    stranger, heads = HuggingFace(name=str(tmp_path)), FAMILIES["heads"]
    Pipeline(steps=(FAMILIES["distillation"], heads)).fits(stranger)
    Pipeline(steps=(ImportedStudent(student=Imported(path="here")), heads)).fits(stranger)
    with pytest.raises(SweepError, match=r"'head_pruning': heads must be known where they lie"):
        Pipeline(steps=(heads, FAMILIES["distillation"])).fits(stranger)
    with pytest.raises(SweepError, match=r"'layer_pruning': one of 1 layers must be taken out at least"):
        Pipeline(steps=(FAMILIES["distillation"], LayerPruning(sparsity=0.5))).fits(ScratchRoberta())
    with pytest.raises(SweepError, match=r"'layer_pruning': one of 1 layers must be taken out at least"):
        Pipeline(steps=(LayerPruning(sparsity=0.5), LayerPruning(sparsity=0.5))).fits(ScratchRoberta(layers=2))


def test_each_step_must_suit_the_task() -> None:
    texts = replace(asks(), label_names=())
    pipeline = Pipeline(steps=(Distillation(alpha=0.5), DynamicQuantization()))
    pipeline.require(asks())
    with pytest.raises(SweepError, match=r"distillation learns texts from the teacher alone"):
        pipeline.require(texts)
