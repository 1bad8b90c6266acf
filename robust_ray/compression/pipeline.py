"""Several compressions, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson, Trace
from robust_ray.compression.imported import ImportedStudent
from robust_ray.compression.none import NoCompression
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Question
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel

WORDS: Mapping[Trace, str] = {
    "zeros": "has made weights zero",
    "factors": "has split layers in two",
    "codebooks": "has replaced weights by places in a codebook",
    "integers": "has quantized weights",
}
"""What an earlier step has done, by what it leaves."""


@COMPRESSIONS.register("pipeline")
@dataclass(frozen=True, kw_only=True)
class Pipeline(Compression):
    """Compress in steps: the student of each is the teacher of the next. In a file, a bare list will do.

    A plan makes each step a call of its own, so that what pipelines begin with in common is made once.
    """

    steps: tuple[Compression, ...]
    """What is done, in order, two steps at least."""

    def __post_init__(self) -> None:
        if len(self.steps) < 2:
            raise SweepError(f"`steps` must hold two compressions at least, but got {len(self.steps)}; name one alone")
        left: frozenset[Trace] = frozenset()
        for i, step in enumerate(self.steps):
            self._need_single(i)
            for trace in sorted(left):
                if not step.works_on(trace):
                    raise SweepError(self._wrong_order(i, trace))
            if not step.changes(self.steps[:i]):
                raise SweepError(
                    f"`steps[{i}]`, {step.type!r}, must change its teacher, but earlier steps have done all that it "
                    "would; ask for more, or leave it out"
                )
            left = step.traces(left)

    def in_order(self) -> tuple[Compression, ...]:
        """See :meth:`Compression.in_order`."""
        return self.steps

    def require(self, question: Question) -> None:
        """See :meth:`Compression.require`."""
        for step in self.steps:
            step.require(question)

    def fits(self, model: CodeModel) -> None:
        """See :meth:`Compression.fits`."""
        for step in self.steps:
            step.fits(model)
            model = step.model_of_student(model)

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`; here, where no plan does it, each step's teacher is asked for its answers.

        Args:
            teacher: See there.
            lesson: See there; its ``teacher_answers`` are not looked at.
            workdir: See there; the students of earlier steps are in it while they are needed.
            machine: See there.
        """
        from robust_ray.compression.distillation.teaching import teach

        last = len(self.steps) - 1
        with TemporaryDirectory(dir=workdir) as folder:
            for i, step in enumerate(self.steps):
                answers, student = Path(folder, f"answers-{i}"), Path(folder, f"student-{i}")
                answers.mkdir()
                student.mkdir()
                if step.needs_teacher_answers:
                    teach(teacher, lesson.asked, step.augmentation, lesson.seed, machine).save(answers)
                own = replace(lesson, teacher_answers=answers if step.needs_teacher_answers else None, samples=())
                step.compress(teacher, own, workdir if i == last else student, machine)
                teacher = student

    def _need_single(self, i: int) -> None:
        """Refuse a step that does nothing, is more than one, or throws away what was made before it."""
        step = self.steps[i]
        if isinstance(step, NoCompression):
            raise SweepError(f"`steps[{i}]` must change its teacher, but got 'none'; leave it out")
        if isinstance(step, Pipeline):
            raise SweepError(f"`steps[{i}]` must be one compression, but got a pipeline; write its steps in its place")
        if isinstance(step, ImportedStudent) and i > 0:
            raise SweepError(
                f"`steps[{i}]`, 'imported', must come first, because it takes nothing of what was made before; "
                "leave the steps before it out"
            )

    def _wrong_order(self, i: int, trace: Trace) -> str:
        """Why a step cannot come behind the one that has left this, and what can be done."""
        step, j = self.steps[i], max(j for j in range(i) if trace in self.steps[j].leaves)
        earlier = self.steps[j]
        can_swap = all(earlier.works_on(each) for each in step.traces(frozenset()))
        advice = f"put {step.type!r} before {earlier.type!r}" if can_swap else "keep one of the two"
        return (
            f"`steps[{i}]`, {step.type!r}, must find weights that it can work on, but `steps[{j}]`, {earlier.type!r}, "
            f"{WORDS[trace]}; {advice}"
        )
