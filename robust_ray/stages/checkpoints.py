"""The stages that leave files: a teacher, its answers, a student."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from robust_ray.compression import Compression, Lesson, Measured, Variants
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record, SampleRecord
from robust_ray.models import CodeModel, Training
from robust_ray.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Finetune(Stage):
    """A model before fine-tuning → the teacher."""

    name: ClassVar[str] = "finetune"
    most_gpus: ClassVar[float] = math.inf

    model: CodeModel
    task: Task
    training: Training
    seed: int

    def label(self) -> str:
        return self.model.type

    @property
    def uses_gpu(self) -> bool:
        return not self.model.is_tuned

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        from robust_ray.models import students, training

        train, valid = self.task.load("train"), self.task.load("valid")
        network = self.model.load(train, self.task.question, self.seed, workdir)
        if not self.model.is_tuned:
            network = training.fine_tune(network, train, valid, self.training, self.seed, machine, workdir)
        students.save(network, workdir)
        return []


@dataclass(frozen=True, kw_only=True)
class Teach(Stage):
    """The teacher's answers on the training split, or on its unlabelled part, once for all who learn them."""

    name: ClassVar[str] = "teach"
    version: ClassVar[int] = 2

    task: Task
    augmentation: Variants | None
    """Variants of the programs that are asked about, too."""
    seed: int
    """Of the variants."""

    def label(self) -> str:
        return self.task.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        from robust_ray.compression.distillation.teaching import teach

        teacher, train = inputs.checkpoints["teacher"], self.task.load("unlabelled") or self.task.load("train")
        teach(teacher, train, self.augmentation, self.seed, machine).save(workdir)
        return []


def lesson_of(task: Task, training: Training, seed: int, inputs: Inputs) -> Lesson:
    """What a student may learn from: the task's examples, and the teacher's answers where they are among the inputs."""
    return Lesson(
        train=task.load("train"),
        valid=task.load("valid"),
        question=task.question,
        training=training,
        seed=seed,
        teacher_answers=inputs.checkpoints.get("answers"),
        unlabelled=task.load("unlabelled"),
    )


@dataclass(frozen=True, kw_only=True)
class Compress(Stage):
    """A teacher → a student."""

    name: ClassVar[str] = "compress"
    most_gpus: ClassVar[float] = math.inf

    compression: Compression
    task: Task
    training: Training
    seed: int

    def label(self) -> str:
        return self.compression.type

    @property
    def uses_gpu(self) -> bool:
        return self.compression.computes

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        from robust_ray.models.reading.forward import cpu_threads

        trained = self.compression.samples(self.task.question, self.seed)
        rows = inputs.rows("samples", SampleRecord)
        samples = [
            Measured(student=each.student, accuracy=row.accuracy, flips=row.flips)
            for each, row in zip(trained, rows, strict=True)
        ]
        lesson = replace(lesson_of(self.task, self.training, self.seed, inputs), samples=samples)
        with cpu_threads(machine.threads):  # of a sum, and so of a student, the last bits depend on them
            self.compression.compress(inputs.checkpoints["teacher"], lesson, workdir, machine)
        return []
