"""A student that is trained so that a search may learn from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.compression import Schooling
from robust_ray.compression.student_space import flops, parameter_count
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.identity import canonical_json, parameters, parameters_and_revision
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record, SampleRecord
from robust_ray.models import CompactRoberta
from robust_ray.stages.checkpoints import lesson_of
from robust_ray.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Sample(Stage):
    """One configuration of a student → how good it is, once it has learned the teacher's answers."""

    name: ClassVar[str] = "sample"
    table: ClassVar[str] = SampleRecord.table
    most_gpus: ClassVar[float] = math.inf

    student: CompactRoberta
    schooling: Schooling
    task: Task
    seed: int

    def label(self) -> str:
        return self.task.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        from robust_ray.compression.distillers.learning import Exam, learn

        lesson = lesson_of(self.task, self.student.recommended(self.task.question), self.seed, inputs)
        exam = Exam.of(lesson, self.schooling)
        marks = exam.take(learn(self.student, self.schooling, lesson, exam, machine, workdir), machine)
        return [
            SampleRecord(
                key=key,
                answers=inputs.keys["answers"][0],
                task=self.task.type,
                task_params=parameters_and_revision(self.task),
                student=self.student.type,
                student_params=parameters(self.student),
                schooling=canonical_json(self.schooling),
                seed=self.seed,
                formula_parameters=parameter_count(self.student),
                formula_flops=flops(self.student),
                n=len(lesson.valid),
                accuracy=marks.accuracy,
                rewritten=marks.rewritten,
                flips=marks.flips,
            )
        ]
