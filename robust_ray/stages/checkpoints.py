"""The stages that leave a checkpoint: a teacher, its logits, a student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.compression import Compression, Lesson
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record
from robust_ray.models import CodeModel, Training
from robust_ray.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Finetune(Stage):
    """A model before fine-tuning → the teacher."""

    name: ClassVar[str] = "finetune"

    model: CodeModel
    task: Task
    training: Training
    seed: int

    def label(self) -> str:
        return self.model.type

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
    """The teacher's logits on the training split, once for every student that learns from them."""

    name: ClassVar[str] = "teach"

    task: Task

    def label(self) -> str:
        return self.task.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        import numpy as np

        from robust_ray.models import students, training

        network = students.load(inputs.checkpoints["teacher"], machine.device)
        np.save(workdir / "logits.npy", training.logits(network, self.task.load("train"), machine))
        return []


@dataclass(frozen=True, kw_only=True)
class Compress(Stage):
    """A teacher → a student."""

    name: ClassVar[str] = "compress"

    compression: Compression
    task: Task
    training: Training
    seed: int

    def label(self) -> str:
        return self.compression.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        lesson = Lesson(
            train=self.task.load("train"),
            valid=self.task.load("valid"),
            question=self.task.question,
            training=self.training,
            seed=self.seed,
            teacher_logits=inputs.checkpoints.get("logits"),
        )
        self.compression.compress(inputs.checkpoints["teacher"], lesson, workdir, machine)
        return []
