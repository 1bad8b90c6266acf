"""Knowledge distillation: a smaller network learns the teacher's answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Question
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel, ScratchRoberta, Training

SMALL = ScratchRoberta(layers=1, hidden=64, intermediate=128, vocabulary=1000)
"""The student where none is named: half the width and depth of the ``scratch_roberta`` of its defaults."""


@COMPRESSIONS.register("distillation")
@dataclass(frozen=True, kw_only=True)
class Distillation(Compression):
    """Train a smaller model, of any architecture and with its own tokenizer, on the teacher's logits.

    Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015. With ``alpha`` 0 it is the loss
        of Compressor (Shi et al., ASE 2022), whose temperature is 1 for clone and 10 for defect detection.
    Deviations: the student learns on the teacher's own training split; Compressor halves it and distils on the half
        that the teacher has not seen.
    """

    paper: ClassVar[str] = "Hinton, Vinyals, Dean, 2015, https://arxiv.org/abs/1503.02531"

    needs_teacher_logits: ClassVar[bool] = True

    student: CodeModel = SMALL
    """The model that learns, before it has learned: size and tokenizer are its fields."""

    temperature: float = 2.0
    """Above 1, the teacher's unlikely classes count for more."""

    alpha: float = 0.0
    """Weight of the cross-entropy on the true labels, in [0, 1]; 0 to learn from the teacher alone."""

    epochs: int | None = None
    """Passes over the training split at most; null for the teacher's."""

    learning_rate: float | None = None
    """Peak of the schedule; null for the teacher's."""

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise SweepError(f"`temperature > 0` must hold, but got {self.temperature}; 2 is usual")
        if not 0 <= self.alpha <= 1:
            raise SweepError(f"`0 <= alpha <= 1` must hold, but got {self.alpha}; 0 learns from the teacher alone")
        self._training(Training())

    def require(self, question: Question) -> None:
        """A teacher that knows classes.

        Raises:
            SweepError: it writes texts.
        """
        if question.wants_text:
            raise SweepError("distillation learns from the probabilities of classes, but this task asks for texts")

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ValueError: there are no teacher's logits, or not one row for each training example.
        """
        import numpy as np
        import torch

        from robust_ray.compression._distillation_math import Mimicry
        from robust_ray.models import students, training

        if lesson.teacher_logits is None:
            raise ValueError("distillation learns from the teacher's logits, but got none; run the stage 'teach' first")
        answers = torch.from_numpy(np.load(lesson.teacher_logits / "logits.npy"))
        wanted = (len(lesson.train), lesson.question.n_labels)
        if answers.shape != wanted:
            raise ValueError(f"logits of shape {wanted} are needed, got {tuple(answers.shape)}")
        criterion = Mimicry(answers, self.temperature, self.alpha)
        beginner = self.student.load(lesson.train, lesson.question, lesson.seed, workdir)
        settings = self._training(lesson.training)
        student = training.fine_tune(
            beginner, lesson.train, lesson.valid, settings, lesson.seed, machine, workdir, criterion=criterion
        )
        students.save(student, workdir)

    def _training(self, teachers: Training) -> Training:
        """The teacher's settings with what is overridden here."""
        epochs = teachers.epochs if self.epochs is None else self.epochs
        learning_rate = teachers.learning_rate if self.learning_rate is None else self.learning_rate
        return replace(teachers, epochs=epochs, learning_rate=learning_rate)
