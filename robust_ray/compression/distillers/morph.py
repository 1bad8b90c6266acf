"""MORPH: AVATAR's question with a fourth objective, that a student does not change its mind when names change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from robust_ray.compression.augmentation import Augmentation
from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.distillation.rewriting import RENAMED
from robust_ray.compression.distillers.base import Found, SampledSearch, costs, fit, shown, told
from robust_ray.compression.rewritten import RewrittenPrograms
from robust_ray.compression.schooling import Schooling, Variants
from robust_ray.compression.search import design, evolution, morph_losses, surrogates
from robust_ray.compression.search.front import need_pairs
from robust_ray.compression.student_space import MORPH, PerTask, StudentSpace
from robust_ray.core.checks import at_least_one
from robust_ray.core.component import outside_key
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Question, generator


@COMPRESSIONS.register("morph")
@dataclass(frozen=True, kw_only=True)
class Morph(SampledSearch):
    """Find a student near a size that is accurate, cheap and flips few answers, and distil on rewritten programs, too.

    Source: Panichella, "Metamorphic-Based Many-Objective Distillation of LLMs for Code-related Tasks", ICSE 2025.
        Temperature 3 and the cosine of the paper; 5 epochs for pairs and 20 for single programs for samples, 20 and 40
        for the student (15 and 20 where the teacher is GraphCodeBERT); rate, batch and window are the student's.
    Deviations: programs are rewritten by rules, not by a language model, unless a file of its work is given; new names
        are those that other programs of the split bind. The released code's temperatures are 10 for pairs and 2 for
        single programs, without the square, and its cosine is of softened answers. The best epoch has the best mean
        accuracy on examples and their variants, of equal ones the fewest flips; the released code prefers fewer flips
        within 0.005. The paper does not say whose answer is to be given on a variant. Biases and norms learn, too. By
        default, of the front's students within a tenth of the size, the one nearest to the best of all objectives is
        taken; in paper mode the one nearest in size. The search: see :mod:`robust_ray.compression.search.evolution`.
    """

    paper: ClassVar[str] = "Panichella, ICSE 2025, pp. 1001-1013"

    spaces: ClassVar[PerTask[StudentSpace]] = MORPH
    published_epochs: ClassVar[PerTask[int]] = PerTask(clones=20, defects=40)
    published_sample_epochs: ClassVar[PerTask[int]] = PerTask(clones=5, defects=20)
    published_temperature: ClassVar[PerTask[float]] = PerTask(clones=3.0, defects=3.0)

    cosine: float = 1.0
    """Weight of one minus the cosine of student's and teacher's probabilities."""

    rewriting: Augmentation = RENAMED
    """How programs are rewritten, of the training and of the validation split."""

    rewritten: str | None = outside_key(None)
    """A file of rewritten programs in place of ``rewriting``, known by its content: a JSON object with ``code`` and
    ``rewritten`` a line."""

    variants_answer: Literal["original", "own"] = "original"
    """What is to be answered on a rewritten program: what the teacher answers on the original, or on itself."""

    population: int = 50
    """Students in a generation."""

    generations: int = 100
    """The first one included."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cosine < 0:
            raise SweepError(f"`cosine >= 0` must hold, but got {self.cosine}; 0 is for none")
        if self.rewritten is not None and self.rewriting != RENAMED:
            raise SweepError("programs must be rewritten in one way, but got `rewriting` and `rewritten`; omit either")
        need_pairs(self.population)
        at_least_one("generations", self.generations)

    def require(self, question: Question) -> None:
        """See :meth:`StudentSearch.require`; the first generation must be different students.

        Raises:
            SweepError: there are not so many, or a reason of the others'.
        """
        super().require(question)
        design.at_random(self.space(question), self.population, generator(self.type, "population"))

    def revision(self) -> str | None:
        """Fingerprint of the file of rewritten programs, where there is one."""
        return None if self.rewritten is None else self.augmentation.revision()  # type: ignore[union-attr]

    @property
    def augmentation(self) -> Variants:
        """See :attr:`Compression.augmentation`."""
        return self.rewriting if self.rewritten is None else RewrittenPrograms(path=self.rewritten)

    def schooling(self, question: Question) -> Schooling:
        """See :meth:`StudentSearch.schooling`."""
        return replace(
            super().schooling(question),
            cosine=self.cosine,
            variants=self.augmentation,
            variants_answer=self.variants_answer,
        )

    def search(self, lesson: Lesson) -> Found:
        """See :meth:`StudentSearch.search`.

        Raises:
            ValueError: there are no samples, or none whose flips were counted.
        """
        space = self.space(lesson.question)
        rng = generator(self.type, "search", lesson.seed)
        genes = told(lesson.samples, space)
        accuracies = np.array([each.accuracy for each in lesson.samples])
        counted = np.array([each.flips for each in lesson.samples if each.flips is not None], dtype=np.float64)
        if len(counted) < len(genes):
            raise ValueError(f"flips of {len(genes)} samples are needed, but got those of {len(counted)}")
        accuracy = surrogates.boosted_accuracy(genes, accuracies, rng)
        flips = surrogates.boosted_flips(genes, counted, rng, surrogates.GRID)
        front = evolution.search(
            space,
            morph_losses(space, accuracy, flips),
            rng,
            population=self.population,
            generations=self.generations,
            paper_mode=self.paper_mode,
        )
        point = self.chosen(space, front)
        student = space.student(point)
        told_of_it = {"accuracy": float(accuracy(point[None])[0]), "flips": float(flips(point[None])[0])}
        report = {
            "predicted": costs(student, space) | told_of_it,
            "surrogates": {"accuracy": fit(accuracy, genes, accuracies), "flips": fit(flips, genes, counted)},
            "front": shown(space, front, ("megabytes", "flips", "gflops", "wrong")),
        }
        return Found(student, report)
