"""Knowledge distillation: a smaller network learns the teacher's answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from robust_ray.compression.augmentation import Augmentation
from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson, Trace
from robust_ray.compression.distillation.beginners import (
    WHERE,
    is_larger,
    made_of_layers,
    require_no_larger,
    too_many,
)
from robust_ray.compression.distillation.matching import Matching
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Question
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel, GraphCodeBERT, HuggingFace, ScratchRoberta, Training

if TYPE_CHECKING:
    from robust_ray.models.students import Network

SMALL = ScratchRoberta(layers=1, hidden=64, intermediate=128, vocabulary=1000)
"""The student where none is named: half the width and depth of the ``scratch_roberta`` of its defaults."""


@COMPRESSIONS.register("distillation")
@dataclass(frozen=True, kw_only=True)
class Distillation(Compression):
    """Train a smaller model, of any architecture and with its own tokenizer, on the teacher's answers.

    A teacher that tells classes apart answers with logits. One that writes texts answers with those that its beam
    search finds, which are learned in place of the references. With an ``augmentation`` this is robust distillation.

    Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015. With ``alpha`` 0 it is the loss
        of Compressor (Shi et al., ASE 2022), whose temperature is 1 for clone and 10 for defect detection. Kim, Rush,
        "Sequence-Level Knowledge Distillation", EMNLP 2016, https://arxiv.org/abs/1606.07947. Goldblum et al.,
        "Adversarially Robust Distillation", AAAI 2020, https://arxiv.org/abs/1905.09747: ``variants_answer: original``.
    Deviations: the student learns on the teacher's own training split, unless the task keeps a part of it from the
        teacher (``unlabelled``), as Compressor does. The best epoch is that of the best answers on the validation split
        as it is. Adversarial examples are found once, for the teacher; Goldblum et al. look for the student's in every
        step.
    """

    paper: ClassVar[str] = "Hinton, Vinyals, Dean, 2015, https://arxiv.org/abs/1503.02531"

    needs_teacher_answers: ClassVar[bool] = True

    student: CodeModel | None = None
    """The model that learns, before it has learned: size and tokenizer are its fields; null for a small
    ``scratch_roberta``, or for ``teacher_layers``."""

    teacher_layers: int | tuple[int, ...] | None = None
    """Instead of a ``student``: so many of the teacher's own layers, as far apart as can be, or those of these numbers,
    counted from 0, in every stack; with all else that the teacher has."""

    temperature: float = 2.0
    """Above 1, the teacher's unlikely classes count for more; without effect on texts."""

    alpha: float = 0.0
    """Weight of the cross-entropy on the true labels, in [0, 1]; 0 to learn from the teacher alone, as texts are."""

    cosine: float = 0.0
    """Weight of one minus the cosine of student's and teacher's probabilities; 0 for none."""

    matching: Matching | None = None
    """What else is to be like the teacher's: states and attention; null for nothing."""

    augmentation: Augmentation | None = None
    """Variants of the training programs to learn from, too; null for none."""

    variants_answer: Literal["original", "own"] = "original"
    """What is to be answered on a variant: what the teacher answers on the original, or what it answers on the variant
    itself, right or wrong, which teaches its weaknesses, too."""

    epochs: int | None = None
    """Passes over the training split at most; null for the teacher's."""

    learning_rate: float | None = None
    """Peak of the schedule; null for the teacher's."""

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise SweepError(f"`temperature > 0` must hold, but got {self.temperature}; 2 is usual")
        if not 0 <= self.alpha <= 1:
            raise SweepError(f"`0 <= alpha <= 1` must hold, but got {self.alpha}; 0 learns from the teacher alone")
        if self.cosine < 0:
            raise SweepError(f"`cosine >= 0` must hold, but got {self.cosine}; 0 is for none")
        if self.variants_answer == "own" and self.augmentation is None:
            raise SweepError("`variants_answer` is about variants, but there are none; give `augmentation`, or omit it")
        self._training(Training())
        self._check_layers()
        if self.student is None and self.teacher_layers is None:
            object.__setattr__(self, "student", SMALL)  # rows and keys say which student learned

    def _check_layers(self) -> None:
        layers = self.teacher_layers
        if layers is None:
            return
        if self.student is not None:
            raise SweepError("the student must be one network, but got `student` and `teacher_layers`; omit either")
        if isinstance(layers, int):
            if layers < 1:
                raise SweepError(f"`teacher_layers >= 1` must hold, but got {layers}; give a positive whole number")
        elif not layers or min(layers) < 0 or list(layers) != sorted(set(layers)):
            raise SweepError(f"`teacher_layers` must rise from 0 or above, but got {list(layers)}; sort them")

    def _layers(self) -> int:
        """How many of the teacher's layers the student has."""
        assert self.teacher_layers is not None  # or there is a student
        return self.teacher_layers if isinstance(self.teacher_layers, int) else len(self.teacher_layers)

    def works_on(self, trace: Trace) -> bool:
        """See :meth:`Compression.works_on`: of a teacher that is only asked, it does not matter what it is made of."""
        return self.teacher_layers is None or trace in ("factors", "codebooks")

    def traces(self, teacher: frozenset[Trace]) -> frozenset[Trace]:
        """See :meth:`Compression.traces`."""
        return frozenset() if self.teacher_layers is None else teacher

    def model_of_student(self, model: CodeModel) -> CodeModel:
        """See :meth:`Compression.model_of_student`."""
        if self.student is not None:
            return self.student
        return replace(model, layers=self._layers()) if isinstance(model, ScratchRoberta) else model

    def require(self, question: Question) -> None:
        """A student that can answer; of texts, there are no probabilities to mix with labels.

        Raises:
            SweepError: the student cannot, or is to learn texts by what is for classes.
        """
        if self.student is not None:
            self.student.require(question)
        if question.wants_text and (self.alpha or self.cosine):
            raise SweepError(
                "distillation learns texts from the teacher alone, but got `alpha` or `cosine`, which are for classes; "
                "omit them"
            )

    def fits(self, model: CodeModel) -> None:
        """Refuse a teacher that the student is larger than, or cannot be matched with.

        Raises:
            SweepError: the model is sure to become such a teacher.
        """
        if isinstance(self.student, ScratchRoberta):
            self._fits_scratch(self.student, model)
        if isinstance(model, ScratchRoberta):
            self._fits_depth(model.layers)

    def _fits_scratch(self, student: ScratchRoberta, teacher: CodeModel) -> None:
        if isinstance(teacher, ScratchRoberta) and is_larger(student, teacher):
            raise SweepError(
                f"{WHERE}: a student must be no larger than its teacher, but this `scratch_roberta` is; "
                "lower its layers, widths or vocabulary"
            )
        if self.matching is not None and isinstance(teacher, HuggingFace | GraphCodeBERT):
            raise SweepError(
                f"{WHERE}: to be matched, a student must read the tokens as its teacher does, but a `scratch_roberta` "
                f"has its own tokenizer and {teacher.type!r} another; use `teacher_layers`, or omit `matching`"
            )

    def _fits_depth(self, theirs: int) -> None:
        """Refuse a teacher of so many layers if it has not those that are named, or none for each of the student's."""
        ours = self.student.layers if isinstance(self.student, ScratchRoberta) else None
        if self.teacher_layers is not None:
            if problem := too_many(self.teacher_layers, theirs):
                raise SweepError(problem)
            ours = self._layers()
        if self.matching is not None and ours is not None and (problem := self.matching.misfit(ours, theirs)):
            raise SweepError(f"{WHERE}: {problem}")

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the student is larger than its teacher, or cannot be matched with it.
            ValueError: there are no teacher's answers, or not one for each training example.
        """
        from robust_ray.compression.distillation.learning import distill
        from robust_ray.compression.distillation.teaching import Taught
        from robust_ray.models import students

        if lesson.teacher_answers is None:
            raise ValueError(
                "distillation learns from the teacher's answers, but got none; run the stage 'teach' first"
            )
        taught = Taught.load(lesson.teacher_answers, lesson.asked)
        student = distill(
            self._beginner(teacher, lesson, workdir),
            taught.answered_as_originals() if self.variants_answer == "original" else taught,
            replace(lesson, training=self._training(lesson.training)),
            machine,
            workdir,
            temperature=self.temperature,
            alpha=self.alpha,
            cosine=self.cosine,
            matching=self.matching,
            teacher=teacher,
        )
        students.save(student, workdir)

    def _beginner(self, teacher: Path, lesson: Lesson, workdir: Path) -> Network:
        """The student before it has learned."""
        from robust_ray.models import students

        if self.teacher_layers is not None:
            return made_of_layers(students.load(teacher), self.teacher_layers)
        assert self.student is not None  # one of the two is there: see __post_init__
        beginner = self.student.load(lesson.asked, lesson.question, lesson.seed, workdir)
        require_no_larger(beginner, students.load(teacher))
        return beginner

    def _training(self, teachers: Training) -> Training:
        """The teacher's settings with what is overridden here."""
        epochs = teachers.epochs if self.epochs is None else self.epochs
        learning_rate = teachers.learning_rate if self.learning_rate is None else self.learning_rate
        return replace(teachers, epochs=epochs, learning_rate=learning_rate)
