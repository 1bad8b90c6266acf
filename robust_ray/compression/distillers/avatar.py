"""AVATAR: size, accuracy and operations weighed against one another, the accuracy told by a surrogate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.distillers.base import Found, SampledSearch, costs, fit, shown, told
from robust_ray.compression.search import archive, avatar_losses, surrogates
from robust_ray.compression.student_space import AVATAR, PerTask, StudentSpace
from robust_ray.core.checks import at_least_one
from robust_ray.core.examples import generator


@COMPRESSIONS.register("avatar")
@dataclass(frozen=True, kw_only=True)
class Avatar(SampledSearch):
    """Find a student near a size that is accurate and cheap, and distil; a few are trained first to learn from.

    Source: Shi et al., "Greening Large Language Models of Code", ICSE-SEIS 2024. Temperature 1 for pairs and 10 for
        single programs; 5 and 20 epochs for samples, 10 and 50 for the student (15 for pairs where the teacher is
        GraphCodeBERT), all of which are trained; rate, batch and window are the student's.
    Deviations: samples are a Latin hypercube. Biases and norms learn, too. By default, of the front's students within
        a tenth of the size, the one nearest to the best of all objectives is taken; in paper mode the one nearest in
        size. The search: see :mod:`robust_ray.compression.search.archive`.
    """

    paper: ClassVar[str] = "Shi et al., ICSE-SEIS 2024, https://arxiv.org/abs/2309.04076"

    spaces: ClassVar[PerTask[StudentSpace]] = AVATAR
    published_epochs: ClassVar[PerTask[int]] = PerTask(clones=10, defects=50)
    published_sample_epochs: ClassVar[PerTask[int]] = PerTask(clones=5, defects=20)
    published_temperature: ClassVar[PerTask[float]] = PerTask(clones=1.0, defects=10.0)

    population: int = 20
    """Students in a generation."""

    iterations: int = 50
    """Generations."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("population", "iterations"):
            at_least_one(name, getattr(self, name))

    def search(self, lesson: Lesson) -> Found:
        """See :meth:`StudentSearch.search`.

        Raises:
            ValueError: there are no samples.
        """
        space = self.space(lesson.question)
        genes = told(lesson.samples, space)
        accuracies = np.array([each.accuracy for each in lesson.samples])
        accuracy = surrogates.ridge(genes, accuracies)
        front = archive.search(
            space,
            avatar_losses(space, self.target_mb, accuracy),
            generator(self.type, "search", lesson.seed),
            population=self.population,
            iterations=self.iterations,
            paper_mode=self.paper_mode,
        )
        point = self.chosen(space, front)
        student = space.student(point)
        report = {
            "predicted": costs(student, space) | {"accuracy": float(accuracy(point[None])[0])},
            "surrogates": {"accuracy": fit(accuracy, genes, accuracies)},
            "front": shown(space, front, ("megabytes off", "wrong", "gflops")),
        }
        return Found(student, report)
