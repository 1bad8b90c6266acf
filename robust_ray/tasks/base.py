"""A task: labelled code, split without leaks."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from robust_ray.core.component import Component, Registry
from robust_ray.core.examples import Example, Question

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True, kw_only=True)
class Task(Component):
    """What the models are asked: one verb, ``load``."""

    segments: ClassVar[int] = 1
    """Pieces of code of one example."""

    @property
    @abstractmethod
    def label_names(self) -> tuple[str, ...]:
        """Names of the classes, in label order; none for a task whose answer is a text."""

    @property
    @abstractmethod
    def code_language(self) -> str:
        """Of all the code: ``c``, ``java`` or ``python``."""

    @property
    def question(self) -> Question:
        """What a model must know of the task."""
        return Question(label_names=self.label_names, segments=self.segments, language=self.code_language)

    @abstractmethod
    def load(self, split: Split) -> tuple[Example, ...]:
        """Every example of a split, in file order.

        Raises:
            DataError: a missing file or a row that cannot be used, named by file and line.
        """


TASKS: Registry[Task] = Registry("task", Task)
