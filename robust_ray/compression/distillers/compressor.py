"""Compressor: of all students of a size, the one that computes most learns the teacher's answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.distillers.base import Found, StudentSearch, costs
from robust_ray.compression.search import genetic
from robust_ray.compression.search.front import need_pairs
from robust_ray.compression.student_space import COMPRESSOR, PerTask, StudentSpace
from robust_ray.core.checks import at_least_one
from robust_ray.core.examples import Question, generator
from robust_ray.models import CompactRoberta


@COMPRESSIONS.register("compressor")
@dataclass(frozen=True, kw_only=True)
class Compressor(StudentSearch):
    """Find the student of a size that computes most by a genetic algorithm, and distil: 3, 25 or 50 MB, or any other.

    Source: Shi et al., "Compressing Pre-trained Models of Code into 3 MB", ASE 2022. Temperature 1 for pairs and 10 for
        single programs, 10 and 20 epochs, all of which are trained; rate, batch and window are the student's.
    Deviations: biases and norms learn, too; the released code leaves them as they were drawn. Students of GraphCodeBERT
        read code alone, no data flow. Compressor learns on a half of the training split that the teacher has never
        seen: say ``unlabelled: 0.5`` of the task. The search: see :mod:`robust_ray.compression.search.genetic`.
    """

    paper: ClassVar[str] = "Shi et al., ASE 2022, https://doi.org/10.1145/3551349.3556964"

    spaces: ClassVar[PerTask[StudentSpace]] = COMPRESSOR
    published_epochs: ClassVar[PerTask[int]] = PerTask(clones=10, defects=20)
    published_temperature: ClassVar[PerTask[float]] = PerTask(clones=1.0, defects=10.0)

    student: CompactRoberta | None = None
    """What the students have in common: all that is not searched, as tokenizer, dropouts, window, rate and batch; null
    for what is published for the task."""

    population: int = 50
    """Students in a generation."""

    generations: int = 100
    """Of each population."""

    restarts: int = 10
    """Populations, one after the other."""

    def __post_init__(self) -> None:
        super().__post_init__()
        need_pairs(self.population)
        for name in ("generations", "restarts"):
            at_least_one(name, getattr(self, name))

    def space(self, question: Question) -> StudentSpace:
        """See :meth:`StudentSearch.space`."""
        space = super().space(question)
        if self.student is None:
            return space
        return replace(space, base=self.student, sequence=self.student.position_rows)

    def search(self, lesson: Lesson) -> Found:
        """See :meth:`StudentSearch.search`."""
        space = self.space(lesson.question)
        best = genetic.search(
            space,
            self.target_mb,
            generator(self.type, "search", lesson.seed),
            population=self.population,
            generations=self.generations,
            restarts=self.restarts,
            paper_mode=self.paper_mode,
        )
        student = space.student(best.genes)
        return Found(student, {"predicted": costs(student, space), "fitness": best.fitness})
