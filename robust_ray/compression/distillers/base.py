"""What the three distillers have in common: they search for a student, and then teach it."""

from __future__ import annotations

import json
import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from robust_ray.compression.base import Compression, Lesson, Trace
from robust_ray.compression.distillation.beginners import most_numbers
from robust_ray.compression.schooling import Apprentice, Measured, Schooling
from robust_ray.compression.search import Front, Prediction, design, require_libraries, smt
from robust_ray.compression.student_space import AVATAR_DOMAIN, PerTask, StudentSpace, size_mb
from robust_ray.core.arrays import FloatArray
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Question, generator
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel, CompactRoberta, ScratchRoberta

BYTES = 4
"""Of a number."""

SEARCH = "search.json"
"""What is written beside a student: how it was found."""


class Found(NamedTuple):
    """What a search has come to."""

    student: CompactRoberta

    report: Mapping[str, Any]
    """How: plain data for people to read."""


@dataclass(frozen=True, kw_only=True)
class StudentSearch(Compression):
    """Search for a student of a size, then teach it what the teacher answers."""

    needs_teacher_answers: ClassVar[bool] = True

    spaces: ClassVar[PerTask[StudentSpace]]
    """What is searched, as published."""

    published_epochs: ClassVar[PerTask[int]]
    published_temperature: ClassVar[PerTask[float]]

    target_mb: float = 3.0
    """Size of the student in megabytes (10^6 bytes), four bytes a number, by the papers' formula; its relative
    positions, which that leaves out, count too, but in paper mode."""

    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Field of the student → its first and last value where it is not to range as published; of what stands in a list,
    as words, rates, batch sizes and Compressor's heads, the places there from 1. For instance ``{layers: [1, 2]}``."""

    paper_mode: bool = False
    """Search as the published code does, its quirks included."""

    epochs: int | None = None
    """Passes of the student over what the teacher has answered; null for the published number for the task."""

    temperature: float | None = None
    """Of the distillation loss; null for the published one for the task."""

    def __post_init__(self) -> None:
        if self.target_mb <= 0:
            raise SweepError(f"`target_mb > 0` must hold, but got {self.target_mb}; 3 is Compressor's")
        if self.epochs is not None:
            at_least_one("epochs", self.epochs)
        if self.temperature is not None and self.temperature <= 0:
            raise SweepError(f"`temperature > 0` must hold, but got {self.temperature}; leave it out")
        self.spaces.defects.within(self.bounds)  # its lists are the longest; the task's own space is for `require`

    def works_on(self, trace: Trace) -> bool:
        """See :meth:`Compression.works_on`: of a teacher that is only asked, it does not matter what it is made of."""
        return True

    def traces(self, teacher: frozenset[Trace]) -> frozenset[Trace]:
        """See :meth:`Compression.traces`."""
        return frozenset()

    def model_of_student(self, model: CodeModel) -> CodeModel:
        """See :meth:`Compression.model_of_student`; of what shape is not known before the search."""
        return self.spaces.defects.base

    def require(self, question: Question) -> None:
        """Refuse to write, and to look for a size where there is none, or for what no student can be.

        Raises:
            SweepError: a text is wanted, or the bounds allow no student of about the size.
        """
        if question.wants_text:
            raise SweepError(
                f"compression {self.type!r}: its students tell classes apart, but this task asks for texts; "
                "use 'distillation'"
            )
        space = self.space(question)
        smallest, largest = (space.size_mb(student) for student in space.corners())
        if not smallest - self.near_mb <= self.target_mb <= largest + self.near_mb:
            raise SweepError(
                f"compression {self.type!r}: its students must be about as large as `target_mb`, but that is "
                f"{self.target_mb:g} and they have {smallest:.3g} to {largest:.3g} MB; change it, or `bounds`"
            )

    def fits(self, model: CodeModel) -> None:
        """Refuse a teacher that the student is sure to be larger than.

        Raises:
            SweepError: it is.
        """
        largest = _most_mb(model)
        if self.target_mb > largest:
            raise SweepError(
                f"compression {self.type!r}: a student must be no larger than its teacher, but {self.target_mb:g} MB "
                f"are more than the {largest:.2f} of this `{model.type}`; lower `target_mb`"
            )

    @property
    def near_mb(self) -> float:
        """How far from the size a student may be that is about as large."""
        return 0.1 * self.target_mb

    def space(self, question: Question) -> StudentSpace:
        """Where the student is looked for.

        Raises:
            SweepError: the bounds are none of the task's space.
        """
        return self.published_space(question).within(self.bounds)

    def published_space(self, question: Question) -> StudentSpace:
        """The space for a task before any bounds."""
        return replace(self.spaces.of(question.segments), counts_distances=not self.paper_mode)

    def schooling(self, question: Question) -> Schooling:
        """How the student of choice learns."""
        n = question.segments
        return Schooling(
            epochs=self.published_epochs.of(n) if self.epochs is None else self.epochs,
            temperature=self.published_temperature.of(n) if self.temperature is None else self.temperature,
        )

    @abstractmethod
    def search(self, lesson: Lesson) -> Found:
        """Find the student; nothing is trained here."""

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`; of the teacher, only its answers are looked at.

        Raises:
            ModelError: the student's tokenizer cannot be trained, or a reason of ``fine_tune``'s.
            ValueError: there are no teacher's answers, or not all samples.
        """
        from robust_ray.compression.distillers.learning import Exam, learn
        from robust_ray.models import students

        found, schooling = self.search(lesson), self.schooling(lesson.question)
        exam = Exam.of(lesson, schooling)
        network = learn(found.student, schooling, lesson, exam, machine, workdir)
        marks = exam.take(network, machine)
        students.save(network, workdir)
        report = {"student": asdict(found.student), **found.report, "measured": marks._asdict()}
        (workdir / SEARCH).write_text(json.dumps(report, indent=2) + "\n")


@dataclass(frozen=True, kw_only=True)
class SampledSearch(StudentSearch):
    """A search that learns from a few trained students what all the others would be like."""

    published_sample_epochs: ClassVar[PerTask[int]]

    trained: int = 20
    """Students that are trained before the search, each in a call of its own."""

    sample_epochs: int | None = None
    """Passes of these over what the teacher has answered; null for the published number for the task."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.trained < 6:
            raise SweepError(f"`trained >= 6` must hold, but got {self.trained}; a search learns from 20 as published")
        if self.sample_epochs is not None:
            at_least_one("sample_epochs", self.sample_epochs)

    def space(self, question: Question) -> StudentSpace:
        """Where the student is looked for: of the published space, what a solver says can be of the size at all.

        Raises:
            SweepError: the extra is not installed, or the bounds are none of the task's space.
        """
        require_libraries(f"compression {self.type!r}")
        of_size = _of_size(question.segments, self.target_mb)
        return self.published_space(question).within(of_size).within(self.bounds)

    def samples(self, question: Question, seed: int) -> Sequence[Apprentice]:
        """See :meth:`Compression.samples`: spread over the whole space."""
        published = self.published_sample_epochs.of(question.segments)
        epochs = published if self.sample_epochs is None else self.sample_epochs
        schooling = replace(self.schooling(question), epochs=epochs)
        space = self.space(question)
        points = design.latin_hypercube(space, self.trained, generator(self.type, "samples", seed))
        return [Apprentice(student=space.student(point), schooling=schooling) for point in points]

    def chosen(self, space: StudentSpace, front: Front) -> FloatArray:
        """The point of a front to be trained: as published that nearest in size, else a good one about as large."""
        if self.paper_mode:
            return front.nearest(space, self.target_mb)
        return front.compromise(space, self.target_mb, within_mb=self.near_mb)


def _most_mb(model: CodeModel) -> float:
    """What a model has at most by the formula, as far as that is known before it is there."""
    if isinstance(model, ScratchRoberta):
        return BYTES * most_numbers(model) / 1e6
    return size_mb(model) if isinstance(model, CompactRoberta) else math.inf


@lru_cache(maxsize=32)
def _of_size(segments: int, target_mb: float) -> Mapping[str, tuple[float, float]]:
    """The bounds of what can be of a size; a solver takes a second or two."""
    return smt.bounds(AVATAR_DOMAIN.of(segments), target_mb)


def told(samples: Sequence[Measured], space: StudentSpace) -> FloatArray:
    """``(n, n_axes)``: where the samples lie.

    Raises:
        ValueError: there are none.
    """
    if not samples:
        raise ValueError("the search learns from trained students, but got none; run the stage 'sample' first")
    return np.array([space.genes(each.student) for each in samples])


def shown(space: StudentSpace, front: Front, losses: Sequence[str]) -> list[dict[str, Any]]:
    """The points of a front, with the names of what each costs."""
    rows = zip(front.genes, front.losses.tolist(), strict=True)
    return [space.values(genes) | dict(zip(losses, costs, strict=True)) for genes, costs in rows]


def fit(prediction: Prediction, genes: FloatArray, values: FloatArray) -> dict[str, float]:
    """How well a surrogate repeats what it has learned from: its mean absolute error, and that of their median."""
    return {
        "error": float(np.abs(prediction(genes) - values).mean()),
        "error_of_median": float(np.abs(np.median(values) - values).mean()),
    }


def costs(student: CompactRoberta, space: StudentSpace) -> dict[str, float]:
    """What the formulas say of a student."""
    return {"megabytes": space.size_mb(student), "gflops": space.flops(student) / 1e9}
