"""A student of any search learns, and is examined: what a sample and the student of choice have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robust_ray import metrics
from robust_ray.compression.base import Lesson
from robust_ray.compression.distillation.learning import distill
from robust_ray.compression.distillation.rewriting import rewritten
from robust_ray.compression.distillation.teaching import Taught
from robust_ray.compression.schooling import Schooling
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import CompactRoberta, training
from robust_ray.models.students import Network


class Marks(NamedTuple):
    """How good a student is on the validation split; the fields are those of ``SampleRecord``."""

    accuracy: float
    rewritten: int | None
    flips: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Exam:
    """The validation split, and a variant of each example, where they are asked for."""

    examples: Sequence[Example]

    variants: Sequence[Example] | None
    """In their order; an example of which there is none stands for itself."""

    @classmethod
    def of(cls, lesson: Lesson, schooling: Schooling) -> Exam:
        """What students of this schooling are examined by; the seed draws other variants than for training."""
        kind = schooling.variants
        variants = None if kind is None else rewritten(kind, lesson.valid, lesson.seed)
        return cls(examples=lesson.valid, variants=variants)

    def take(self, network: Network, machine: Machine) -> Marks:
        """Let a network answer; its module goes to the machine's device."""
        labels = np.array([example.label for example in self.examples])
        predictions = training.logits(network, self.examples, machine).argmax(axis=1)
        accuracy = metrics.accuracy(labels, predictions)
        if self.variants is None:
            return Marks(accuracy, None, None)
        others = training.logits(network, self.variants, machine).argmax(axis=1)
        pairs = zip(self.examples, self.variants, strict=True)
        changed = sum(example.segments != variant.segments for example, variant in pairs)
        return Marks(accuracy, changed, int((predictions != others).sum()))


def learn(
    student: CompactRoberta, schooling: Schooling, lesson: Lesson, exam: Exam, machine: Machine, workdir: Path
) -> Network:
    """A student after its schooling, its tokenizer trained on what the teacher has answered.

    Args:
        student: Before; its learning rate, batch size and window are what it learns with.
        schooling: All else.
        lesson: What it learns from.
        exam: What its best epoch is chosen by: accuracy and, where there are variants, that on them alike.
        machine: Where to train.
        workdir: Where progress is kept until the training is done.

    Raises:
        ModelError: see ``CompactRoberta.load`` and ``fine_tune``.
        ValueError: there are no teacher's answers, or not one for each example.
    """
    if lesson.teacher_answers is None:
        raise ValueError("a student learns from the teacher's answers, but got none; run the stage 'teach' first")
    taught = Taught.load(lesson.teacher_answers, lesson.asked)
    own = replace(student.recommended(lesson.question), epochs=schooling.epochs, patience=schooling.epochs)
    return distill(
        student.load(lesson.asked, lesson.question, lesson.seed, workdir),
        taught.answered_as_originals() if schooling.variants_answer == "original" else taught,
        replace(lesson, training=own),
        machine,
        workdir,
        temperature=schooling.temperature,
        cosine=schooling.cosine,
        valid_variants=exam.variants,
    )
