"""What tasks with a folder of their own, or an embedded data set, have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from robust_ray.core.component import outside_key
from robust_ray.core.examples import Example
from robust_ray.core.paths import user_path
from robust_ray.tasks.base import Split, Task
from robust_ray.tasks.datasets import EMBEDDED, check_fields, folder_revision, limited
from robust_ray.tasks.stdlib_corpus import embedded_revision


@dataclass(frozen=True, kw_only=True)
class FolderTask(Task):
    """A task that is known by its data's content (see ``revision``), not by the folder it lies in."""

    files: ClassVar[tuple[str, ...]]
    """The files of its folder."""

    folder_language: ClassVar[str]
    """Of the functions in a folder, where ``language`` does not say."""

    data: str = outside_key(EMBEDDED)
    """``embedded``, or a folder in CodeXGLUE's layout (see :mod:`robust_ray.tasks.datasets`)."""

    language: Literal["c", "java", "python"] | None = None
    """Of the functions; null for ``python`` when embedded, and the usual one of the task in a folder."""

    max_train: int | None = None
    """Training examples at most: a random but fixed part; null for all."""

    max_valid: int | None = None
    """Validation examples at most; null for all."""

    def __post_init__(self) -> None:
        check_fields(self.data, self.language, max_train=self.max_train, max_valid=self.max_valid)

    @abstractmethod
    def embedded(self, split: Split) -> tuple[Example, ...]:
        """A split of the embedded data set."""

    @abstractmethod
    def read(self, folder: Path, split: Split, language: str) -> tuple[Example, ...]:
        """A split of the data set in a folder, in file order."""

    @property
    def code_language(self) -> str:
        """Of all the code."""
        return self.language or ("python" if self.data == EMBEDDED else self.folder_language)

    def revision(self) -> str:
        """Fingerprint of the data's content."""
        return embedded_revision() if self.data == EMBEDDED else folder_revision(user_path(self.data), self.files)

    def load(self, split: Split) -> tuple[Example, ...]:
        """Every example of a split, in file order.

        Raises:
            DataError: a missing file or a row that cannot be used, named by file and line.
        """
        if self.data == EMBEDDED:
            examples = self.embedded(split)
        else:
            examples = self.read(user_path(self.data), split, self.code_language)
        limits = {"train": self.max_train, "valid": self.max_valid}
        return limited(examples, limits.get(split))
