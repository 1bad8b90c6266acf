"""A task: labelled code, split without leaks."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

from robust_ray.core.component import Component, Registry
from robust_ray.core.examples import Example

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True, kw_only=True)
class Task(Component):
    """What the models are asked: one verb, ``load``."""

    @property
    @abstractmethod
    def label_names(self) -> tuple[str, ...]:
        """Names of the classes, in label order."""

    @abstractmethod
    def load(self, split: Split) -> tuple[Example, ...]:
        """Every example of a split, in file order.

        Raises:
            DataError: a missing file or a row that cannot be used, named by file and line.
        """


TASKS: Registry[Task] = Registry("task", Task)
