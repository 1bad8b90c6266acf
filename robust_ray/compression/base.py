"""A compression: what makes a student of a teacher. `none` is one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from robust_ray.compression.schooling import Apprentice, Measured, Variants
from robust_ray.core.component import Component, Registry
from robust_ray.core.examples import Example, Question
from robust_ray.core.machine import Machine
from robust_ray.models.base import CodeModel, Training

Trace = Literal["zeros", "factors", "codebooks", "integers"]
"""What a step of a pipeline leaves in a network, and not every later step can work on: weights that are zero, layers
split in two, weights kept as places in a codebook, weights kept as integers."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a compression may learn from, besides the teacher."""

    train: Sequence[Example]
    valid: Sequence[Example]
    question: Question
    training: Training
    """The teacher's settings; a compression that trains may override some."""

    seed: int
    teacher_answers: Path | None
    """Directory made by the stage ``teach``; None unless the compression asks for it."""

    unlabelled: Sequence[Example] = ()
    """What the teacher has never seen; none where students learn on its own training split."""

    samples: Sequence[Measured] = ()
    """What became of the apprentices of the compression, in their order."""

    @property
    def asked(self) -> Sequence[Example]:
        """The examples that the teacher has answered."""
        return self.unlabelled or self.train


@dataclass(frozen=True, kw_only=True)
class Compression(Component):
    """One verb, ``compress``."""

    needs_teacher_answers: ClassVar[bool] = False
    """Whether the teacher's answers on the training split are an input (found once, shared by all that ask)."""

    computes: ClassVar[bool] = True
    """Whether there is anything in it that a GPU would do faster than a processor."""

    cpu_only: ClassVar[bool] = False
    """Whether its students cannot answer on a GPU."""

    @property
    def augmentation(self) -> Variants | None:
        """The variants of training programs that the teacher is asked about, too; None for none."""
        return None

    def samples(self, question: Question, seed: int) -> Sequence[Apprentice]:
        """Students to train before, each in a call of its own, because a search learns from them; none for most."""
        return ()

    leaves: ClassVar[frozenset[Trace]] = frozenset()
    """What of it is to be seen in a student."""

    bears: ClassVar[frozenset[Trace]] = frozenset()
    """What earlier steps of a pipeline may have left in its teacher: it works on it, and does not undo it."""

    def works_on(self, trace: Trace) -> bool:
        """Whether earlier steps of a pipeline may have left this in its teacher."""
        return trace in self.bears

    def in_order(self) -> tuple[Compression, ...]:
        """What is done to a teacher, step by step; all but a pipeline are their own only step."""
        return (self,)

    def changes(self, earlier: Sequence[Compression]) -> bool:
        """Whether there is anything left to do behind these steps of a pipeline, as far as is known of them."""
        return True

    def traces(self, teacher: frozenset[Trace]) -> frozenset[Trace]:
        """What is in a student, when this is in its teacher."""
        return teacher | self.leaves

    def model_of_student(self, model: CodeModel) -> CodeModel:
        """Which model a student is, when this is the teacher's; another one only where it is trained anew."""
        return model

    def require(self, question: Question) -> None:
        """Refuse a task this compression cannot be used on; called when a plan is made.

        Raises:
            SweepError: it cannot.
        """

    def fits(self, model: CodeModel) -> None:
        """Refuse a model this compression cannot be used on, as far as is known of it; called when a plan is made.

        Raises:
            SweepError: it cannot.
        """

    @abstractmethod
    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """Read the checkpoint at ``teacher`` and leave a complete student checkpoint in ``workdir``."""


COMPRESSIONS: Registry[Compression] = Registry("compression", Compression, list_means=("pipeline", "steps"))
