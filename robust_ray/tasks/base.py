"""A task: labelled code, split without leaks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from robust_ray.core.component import Component, Registry
from robust_ray.core.examples import Example, Question

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class Sifted(NamedTuple):
    """A split, and what was left out of it."""

    examples: tuple[Example, ...]
    """In file order; no uid twice."""

    dropped: Mapping[str, int]
    """Reason → how many examples it took out."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What its authors say of a published data set."""

    name: str

    link: str
    """Where it is published."""

    licence: str
    """Of the data set; the code in it belongs to its authors."""

    languages: tuple[str, ...]
    """Of the code, as far as the project can read it."""

    sizes: Mapping[Split, int]
    """Examples of each split, as they are; none where it is published whole, or in another form."""

    sha256: Mapping[str, str] = field(default_factory=dict)
    """Name of a file → what is published of its content."""


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

    @property
    def published(self) -> tuple[DataSet, ...]:
        """Published data sets that lie as this one does, so that it may be one of them; none where it is embedded."""
        return ()

    @abstractmethod
    def load(self, split: Split) -> tuple[Example, ...]:
        """Every example of a split, in file order.

        Raises:
            DataError: a missing file or a row that cannot be used, named by file and line.
        """

    def sift(self, split: Split) -> Sifted:
        """What :meth:`load` gives, and what it leaves out.

        Raises:
            DataError: as :meth:`load`.
        """
        return Sifted(self.load(split), {})


TASKS: Registry[Task] = Registry("task", Task)
