"""A student that somebody else has made: from their files, it takes part as any other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson
from robust_ray.core.examples import Question
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel, Imported


@COMPRESSIONS.register("imported")
@dataclass(frozen=True, kw_only=True)
class ImportedStudent(Compression):
    """A student from outside (of Compressor, AVATAR, MORPH …), measured beside the sweep's teacher."""

    student: Imported
    """Its files, and what they do not say themselves."""

    def require(self, question: Question) -> None:
        """See :meth:`Imported.require`."""
        self.student.require(question)

    def model_of_student(self, model: CodeModel) -> CodeModel:
        """See :meth:`Compression.model_of_student`."""
        return self.student

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`; the teacher is not looked at.

        Raises:
            ModelError: the files do not fit together, or the outputs are the task's classes in another order.
        """
        import numpy as np

        from robust_ray.models import students, training
        from robust_ray.models.checks.label_order import require_order

        network = self.student.load(lesson.train, lesson.question, lesson.seed, workdir)
        predictions = training.logits(network, lesson.valid, machine).argmax(axis=1)
        labels = np.array([example.label for example in lesson.valid])
        require_order(predictions, labels, lesson.question, "compression 'imported'")
        students.save(network, workdir)
