"""Students that a search learns from: trained once each, whatever becomes of the run, and measured as they are."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.compression import Avatar, Compression, Compressor, Lesson, Morph
from robust_ray.core.call import Inputs
from robust_ray.core.machine import Machine
from robust_ray.core.records import EvaluationRecord, Record, SampleRecord
from robust_ray.dispatch import Settings, serial
from robust_ray.models import CodeBERT, CompactRoberta, ScratchRoberta, Training
from robust_ray.plan import expand
from robust_ray.stages import Cell, Compress, Evaluate, Finetune, Sample, Teach
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.tasks import DefectDetection
from tests.compression.conftest import examples

BOUNDS = {"layers": (1.0, 1.0), "max_length": (32.0, 48.0), "tokenizer": (1.0, 1.0), "vocabulary": (1000.0, 1200.0)}
MORPH = Morph(target_mb=0.3, bounds=BOUNDS, trained=6, sample_epochs=1, epochs=1, population=6, generations=2)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> DefectDetection:
    """Small functions, half of which the teacher never sees."""
    folder = tmp_path_factory.mktemp("data")
    for split, n in (("train", 80), ("valid", 30), ("test", 20)):
        lines = [
            {"idx": i, "target": each.label, "func": each.segments[0]} for i, each in enumerate(examples(split, n))
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return DefectDetection(data=str(folder), unlabelled=0.5)


@pytest.fixture(scope="module")
def sweep(task: DefectDetection) -> Sweep:
    """Of all three searches."""
    return Sweep(
        name="searches", models=(CodeBERT(),), tasks=(task,), compressions=(Compressor(), Avatar(trained=6), MORPH)
    )


def fake_sample(self: Sample, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
    """A row of a student that nobody has trained."""
    return [
        SampleRecord(
            key=key,
            answers=inputs.keys["answers"][0],
            task=self.task.type,
            task_params="{}",
            student=self.student.type,
            student_params="{}",
            schooling="{}",
            seed=self.seed,
            formula_parameters=1,
            formula_flops=1,
            n=100,
            accuracy=self.student.layers / 12,
            rewritten=90,
            flips=self.student.hidden,
        )
    ]


def leave_a_file(self: object, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
    (workdir / "weights").write_text(key)
    return []


def no_rows(self: object, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
    return []


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty one, and stages that do next to nothing."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    for stage in (Finetune, Teach):
        monkeypatch.setattr(stage, "run", leave_a_file)
    monkeypatch.setattr(Evaluate, "run", no_rows)
    return Store.open(str(tmp_path / "store"))


@pytest.mark.torch
def test_killed_half_way_and_run_again_no_sample_is_trained_twice(
    store: Store, sweep: Sweep, task: DefectDetection, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = Counter[str]()
    given: dict[str, list[tuple[CompactRoberta, float, int | None]]] = {}

    def sample(self: Sample, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        if sum(trained.values()) == 7 and key not in trained and "killed" not in given:
            given["killed"] = []
            raise KeyboardInterrupt
        trained[key] += 1
        return fake_sample(self, key, inputs, workdir, machine)

    def compress(self: Compression, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        given[self.type] = [(each.student, each.accuracy, each.flips) for each in lesson.samples]
        (workdir / "weights").write_text(self.type)

    monkeypatch.setattr(Sample, "run", sample)
    for kind in (Compressor, Avatar, Morph):
        monkeypatch.setattr(kind, "compress", compress)
    calls = expand(sweep).calls.values()
    with pytest.raises(KeyboardInterrupt):
        serial.run(calls, store, Settings())
    assert serial.run(calls, store, Settings()).ok
    assert len(trained) == 12
    assert set(trained.values()) == {1}
    assert given["compressor"] == []
    for component in sweep.compressions[1:]:
        wanted = [each.student for each in component.samples(task.question, 0)]
        assert given[component.type] == [(each, each.layers / 12, each.hidden) for each in wanted]


def test_what_is_changed_about_the_search_trains_no_new_samples(sweep: Sweep) -> None:
    before = {call.key for call in expand(sweep).stages()["sample"]}
    other = replace(sweep, compressions=(Avatar(trained=6, iterations=3, epochs=7), replace(MORPH, generations=9)))
    assert {call.key for call in expand(other).stages()["sample"]} == before
    larger = replace(sweep, compressions=(Avatar(trained=6, target_mb=4.0),))
    assert before.isdisjoint(call.key for call in expand(larger).stages()["sample"])


@pytest.mark.torch
class TestTrained:
    """On a teacher that knows nothing, which is enough."""

    @pytest.fixture(scope="class")
    def inputs(self, task: DefectDetection, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
        """The teacher and its answers."""
        teacher, answers = tmp_path_factory.mktemp("teacher"), tmp_path_factory.mktemp("answers")
        training = Training(epochs=1, max_length=48)
        model = ScratchRoberta(layers=1, hidden=32, heads=2, intermediate=32, vocabulary=400, max_length=48)
        Finetune(model=model, task=task, training=training, seed=0).run("f", Inputs(), teacher, Machine())
        given = Inputs(checkpoints={"teacher": teacher}, keys={"teacher": ("finetune-x",)})
        Teach(task=task, augmentation=MORPH.augmentation, seed=0).run("t", given, answers, Machine())
        return Inputs(
            checkpoints={"teacher": teacher, "answers": answers, "student": teacher},
            keys={"teacher": ("finetune-x",), "answers": ("teach-x",), "student": ("compress-x",)},
        )

    @pytest.fixture(scope="class")
    def rows(
        self, task: DefectDetection, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory
    ) -> list[SampleRecord]:
        """Of two samples, and made-up ones for the others."""
        found: list[Record] = []
        for i, each in enumerate(MORPH.samples(task.question, 0)):
            stage = Sample(student=each.student, schooling=each.schooling, task=task, seed=0)
            run = Sample.run if i < 2 else fake_sample
            found += run(stage, f"sample-{i}", inputs, tmp_path_factory.mktemp("work"), Machine())
        return [row for row in found if isinstance(row, SampleRecord)]

    def test_a_sample_is_measured_on_the_validation_split(
        self, task: DefectDetection, rows: list[SampleRecord]
    ) -> None:
        (student, *_) = (each.student for each in MORPH.samples(task.question, 0))
        row = rows[0]
        assert json.loads(row.student_params)["hidden"] == student.hidden
        assert (row.answers, row.student, row.n) == ("teach-x", "compact_roberta", 30)
        assert 0 <= row.accuracy <= 1
        assert row.rewritten is not None
        assert row.flips is not None
        assert 0 <= row.flips <= row.rewritten <= 30
        assert row.rewritten > 15

    def test_the_same_call_makes_the_same_row(
        self, task: DefectDetection, rows: list[SampleRecord], inputs: Inputs, tmp_path: Path
    ) -> None:
        each = MORPH.samples(task.question, 0)[1]
        stage = Sample(student=each.student, schooling=each.schooling, task=task, seed=0)
        assert stage.run("sample-1", inputs, tmp_path, Machine()) == [rows[1]]
        assert not any(path.suffix == ".safetensors" for path in tmp_path.rglob("*"))

    def test_the_compression_gets_its_samples_in_order(
        self,
        task: DefectDetection,
        rows: list[SampleRecord],
        inputs: Inputs,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        lessons: list[Lesson] = []
        monkeypatch.setattr(Morph, "compress", lambda self, teacher, lesson, workdir, machine: lessons.append(lesson))
        stage = Compress(compression=MORPH, task=task, training=Training(), seed=0)
        stage.run("c", dataclasses.replace(inputs, tables={"samples": rows}), tmp_path, Machine())
        (lesson,) = lessons
        students = [each.student for each in MORPH.samples(task.question, 0)]
        assert [(each.student, each.accuracy, each.flips) for each in lesson.samples] == [
            (student, row.accuracy, row.flips) for student, row in zip(students, rows, strict=True)
        ]
        assert (len(lesson.train), len(lesson.unlabelled)) == (40, 40)
        assert list(lesson.asked) == list(lesson.unlabelled)
        with pytest.raises(ValueError, match="shorter"):
            stage.run("c", dataclasses.replace(inputs, tables={"samples": rows[1:]}), tmp_path, Machine())

    def test_an_evaluation_counts_flips(self, task: DefectDetection, inputs: Inputs, tmp_path: Path) -> None:
        cell = Cell(
            model=ScratchRoberta(), task=task, training=Training(), compression=MORPH, seed=0, teacher="finetune-x"
        )
        (row,) = Evaluate(cell=cell, examples=20, accelerator="a").run("e", inputs, tmp_path, Machine())
        assert isinstance(row, EvaluationRecord)
        assert row.rewritten is not None
        assert row.flips is not None
        assert 0 <= row.flips <= row.rewritten <= 20
        assert row.rewritten > 10
