"""A compression: what makes a student of a teacher. `none` is one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.core.component import Component, Registry
from robust_ray.core.examples import Example, Question
from robust_ray.core.machine import Machine
from robust_ray.models.base import CodeModel, Training


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a compression may learn from, besides the teacher."""

    train: Sequence[Example]
    valid: Sequence[Example]
    question: Question
    training: Training
    """The teacher's settings; a compression that trains may override some."""

    seed: int
    teacher_logits: Path | None
    """Directory made by the stage ``teach`` (``logits.npy``, float32 ``(n_train, question.n_labels)``, in the order of
    ``train``); None unless the compression asks for it."""


@dataclass(frozen=True, kw_only=True)
class Compression(Component):
    """One verb, ``compress``."""

    needs_teacher_logits: ClassVar[bool] = False
    """Whether the teacher's answers on the training split are an input (computed once, shared by all that ask)."""

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


COMPRESSIONS: Registry[Compression] = Registry("compression", Compression)
