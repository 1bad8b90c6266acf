"""Clone detection: do these two functions do the same?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from robust_ray.core.component import outside_key
from robust_ray.core.examples import Example
from robust_ray.core.paths import user_path
from robust_ray.tasks._clones import clones
from robust_ray.tasks.base import TASKS, Split, Task
from robust_ray.tasks.datasets import CLONE_FILES, EMBEDDED, check_fields, folder_revision, limited, read_clones
from robust_ray.tasks.stdlib_corpus import embedded_revision


@TASKS.register("clone_detection")
@dataclass(frozen=True, kw_only=True)
class CloneDetection(Task):
    """Tell clones from other pairs of functions, on BigCloneBench's layout or on rewritings of Python's own library.

    What identifies the task is the data's content (see ``revision``), not the folder it lies in.
    """

    paper: ClassVar[str] = "Svajlenko et al., BigCloneBench, ICSME 2014, https://doi.org/10.1109/ICSME.2014.77"

    data: str = outside_key(EMBEDDED)
    """``embedded``, or a folder with ``data.jsonl`` of ``idx``, ``func`` and ``{train,valid,test}.txt`` of id pairs."""

    language: Literal["c", "java", "python"] | None = None
    """Of the functions; null for ``python`` when embedded and ``java`` in a folder."""

    max_train: int | None = None
    """Training examples at most: a random but fixed part; null for all."""

    max_valid: int | None = None
    """Validation examples at most; null for all."""

    def __post_init__(self) -> None:
        check_fields(self.data, self.language, max_train=self.max_train, max_valid=self.max_valid)

    @property
    def label_names(self) -> tuple[str, ...]:
        """``different``, ``clone``."""
        return ("different", "clone")

    def revision(self) -> str:
        """Fingerprint of the data's content."""
        return embedded_revision() if self.data == EMBEDDED else folder_revision(user_path(self.data), CLONE_FILES)

    def load(self, split: Split) -> tuple[Example, ...]:
        """Every example of a split, in file order.

        Raises:
            DataError: a missing file or a row that cannot be used, named by file and line.
        """
        if self.data == EMBEDDED:
            examples = clones(split)
        else:
            examples = read_clones(user_path(self.data), split, self.language or "java")
        limits = {"train": self.max_train, "valid": self.max_valid}
        return limited(examples, limits.get(split))
