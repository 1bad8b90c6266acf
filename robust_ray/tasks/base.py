"""A task: labelled code, split without leaks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from robust_ray.core.component import Component, Registry
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example, Question

Split = Literal["train", "valid", "test", "unlabelled"]

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
"""What a data set lies in; ``unlabelled`` is made of the training split, where a task wants it."""


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

    unlabelled: float = 0.0
    """Share of the training split, in [0, 1), that the teacher never sees: students learn what it answers there; 0 for
    students that learn on the training split, as their teacher did."""

    def __post_init__(self) -> None:
        if not 0 <= self.unlabelled < 1:
            raise SweepError(f"`0 <= unlabelled < 1` must hold, but got {self.unlabelled}; 0.5 is Compressor's")

    @property
    def splits(self) -> tuple[Split, ...]:
        """All that :meth:`load` has something for."""
        return ("train", "unlabelled", "valid", "test") if self.unlabelled else SPLITS

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
        """Every example of a split, in file order; of ``unlabelled``, none where the task has no such part.

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
