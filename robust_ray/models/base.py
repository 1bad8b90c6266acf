"""A code model: something to fine-tune. And the training settings every fine-tuning shares.

No torch at import: components are listed and planned on machines that never load one.
"""

from __future__ import annotations

import textwrap
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.core.checks import at_least_one
from robust_ray.core.component import Component, Registry
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example, Question

if TYPE_CHECKING:
    from robust_ray.models.students import Network


@dataclass(frozen=True, kw_only=True)
class CodeModel(Component):
    """Where the teacher starts from: one verb, ``load``."""

    is_tuned: ClassVar[bool] = False
    """Whether what is loaded is a teacher already, so that no fine-tuning follows."""

    def require(self, question: Question) -> None:
        """Refuse a task this model cannot answer; called when a plan is made.

        Raises:
            SweepError: it cannot.
        """

    def recommended(self, question: Question) -> Training:
        """Fine-tuning settings for a sweep that gives none."""
        return Training()

    @abstractmethod
    def load(self, examples: Sequence[Example], question: Question, seed: int, workdir: Path) -> Network:
        """The network before fine-tuning, with its tokenizer (trained on ``examples`` if the model brings none).

        Raises:
            ModelError: the weights are missing, unreadable, or of no use for the question.
        """


MODELS: Registry[CodeModel] = Registry("model", CodeModel)


SHORTEST = 8
"""Tokens of the smallest window worth a model's while."""


def wide_enough(field_name: str, tokens: int, usual: int) -> None:
    """Refuse a window too small for code.

    Raises:
        SweepError: ``tokens`` is less than ``SHORTEST``.
    """
    if tokens < SHORTEST:
        raise SweepError(f"`{field_name} >= {SHORTEST}` must hold, but got {tokens}; {usual} is usual")


def reason(error: Exception) -> str:
    """What a library's error says, on one line that fits into ours."""
    return textwrap.shorten(str(error) or type(error).__name__, 200)


@dataclass(frozen=True, kw_only=True)
class Training:
    """Fine-tuning settings, shared by teachers, distillation and recovery."""

    epochs: int = 10
    """Passes over the training split at most."""

    patience: int = 3
    """Epochs without a better validation accuracy before stopping; the best epoch is kept."""

    batch_size: int = 16
    """Examples a step."""

    learning_rate: float = 5e-5
    """Peak of a linear schedule."""

    warmup: float = 0.1
    """Share of steps during which the rate rises, in [0, 1)."""

    weight_decay: float = 0.01
    """AdamW's, for all but biases and norms."""

    max_length: int = 400
    """Tokens of a row at most, a segment's or those of a pair that is read jointly; the rest is cut off."""

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch_size"):
            at_least_one(name, getattr(self, name))
        wide_enough("max_length", self.max_length, usual=400)
        if not 0 < self.learning_rate < 1:
            raise SweepError(f"`0 < learning_rate < 1` must hold, but got {self.learning_rate}; 5e-5 is usual")
        if not 0 <= self.warmup < 1:
            raise SweepError(f"`0 <= warmup < 1` must hold, but got {self.warmup}; 0.1 is usual")
        if self.weight_decay < 0:
            raise SweepError(f"`weight_decay >= 0` must hold, but got {self.weight_decay}; 0.01 is usual")
