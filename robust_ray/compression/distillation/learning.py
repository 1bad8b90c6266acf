"""A student learns what its teacher has answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from robust_ray.compression.base import Lesson
from robust_ray.compression.distillation._counterparts import require_alike, widths_of
from robust_ray.compression.distillation.criterion import Likeness, Mimicry, Steady
from robust_ray.compression.distillation.matching import Matching
from robust_ray.compression.distillation.teaching import Taught
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import students, training
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import Criterion
from robust_ray.models.writing.criterion import Writing

PROJECTIONS = "projections"
"""The alteration that adds linear maps."""


def distill(
    beginner: Network,
    taught: Taught,
    lesson: Lesson,
    machine: Machine,
    workdir: Path,
    *,
    temperature: float = 2.0,
    alpha: float = 0.0,
    cosine: float = 0.0,
    matching: Matching | None = None,
    teacher: Path | None = None,
    valid_variants: Sequence[Example] | None = None,
) -> Network:
    """Train a network on its teacher's answers, and return that of the best epoch on the validation split.

    Args:
        beginner: The student before it has learned; its module is used up.
        taught: What to learn from; of texts, the teacher's are learned as if they were the references.
        lesson: Validation split, training settings and seed.
        machine: Where to train.
        workdir: Where progress is kept until the training is done.
        temperature: See :func:`distillation_loss`; not for texts, nor are the next two.
        alpha: See there.
        cosine: See there.
        matching: What else is to be like the teacher's; None for nothing.
        teacher: The teacher's checkpoint, which matching needs.
        valid_variants: A variant of each validation example, in their order: the best epoch is then the most accurate
            one on both alike, of equal ones that which answers variants as their originals; None for the usual one.

    Raises:
        ModelError: what is to be matched has no counterpart, or a reason of :func:`fine_tune`'s.
        ValueError: something is to be matched, but with no teacher.

    Source: for classes Hinton, Vinyals, Dean, 2015; for texts Kim, Rush, "Sequence-Level Knowledge Distillation", EMNLP
        2016, section 3.2.
    """
    train, criterion = _given(taught, temperature, alpha, cosine)
    if matching is not None:
        if teacher is None:
            raise ValueError("matching needs the teacher's checkpoint, but got none")
        criterion = Likeness(criterion, matching, teacher)
        beginner = _projected(require_alike(beginner, students.load(teacher)), criterion, lesson)
    valid = [*lesson.valid, *(valid_variants or ())]
    if valid_variants is not None:
        criterion = Steady(criterion)
    student = training.fine_tune(
        beginner, train, valid, lesson.training, lesson.seed, machine, workdir, criterion=criterion
    )
    return _without_projections(student)


def _given(taught: Taught, temperature: float, alpha: float, cosine: float) -> tuple[list[Example], Criterion]:
    """What to learn from, and how."""
    if not taught.is_of_texts:
        answers = torch.from_numpy(taught.answers)
        return list(taught.examples), Mimicry(answers, temperature, alpha, cosine)
    pairs = zip(taught.examples, taught.answers, strict=True)
    return [replace(example, reference=text) for example, text in pairs], Writing()


def _projected(beginner: Network, likeness: Likeness, lesson: Lesson) -> Network:
    """The student with a linear map for the states of each stack, where any of them needs one."""
    widths = widths_of(beginner, likeness, lesson.train[:1])
    if not widths:
        return beginner
    with torch.random.fork_rng([]):
        torch.manual_seed(lesson.seed)
        return students.alter(beginner, {"type": PROJECTIONS, "widths": widths})


def _without_projections(student: Network) -> Network:
    if not student.alterations or student.alterations[-1]["type"] != PROJECTIONS:
        return student
    del student.module.projections
    return replace(student, alterations=student.alterations[:-1])
