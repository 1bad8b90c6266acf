"""Defect detection: is this function vulnerable?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from robust_ray.core.component import outside_key
from robust_ray.core.examples import Example
from robust_ray.core.paths import user_path
from robust_ray.tasks._defects import defects
from robust_ray.tasks.base import TASKS, Split, Task
from robust_ray.tasks.datasets import DEFECT_FILES, EMBEDDED, check_fields, folder_revision, limited, read_defects
from robust_ray.tasks.stdlib_corpus import embedded_revision


@TASKS.register("defect_detection")
@dataclass(frozen=True, kw_only=True)
class DefectDetection(Task):
    """Tell vulnerable functions from safe ones, on Devign's layout or on weaknesses seeded into Python's own library.

    What identifies the task is the data's content (see ``revision``), not the folder it lies in.
    """

    paper: ClassVar[str] = "Zhou et al., Devign, NeurIPS 2019, https://arxiv.org/abs/1909.03496"

    data: str = outside_key(EMBEDDED)
    """``embedded``, or a folder with ``{train,valid,test}.jsonl`` of ``idx``, ``func`` and ``target``."""

    language: Literal["c", "java", "python"] | None = None
    """Of the functions; null for ``python`` when embedded and ``c`` in a folder."""

    max_train: int | None = None
    """Training examples at most: a random but fixed part; null for all."""

    max_valid: int | None = None
    """Validation examples at most; null for all."""

    def __post_init__(self) -> None:
        check_fields(self.data, self.language, max_train=self.max_train, max_valid=self.max_valid)

    @property
    def label_names(self) -> tuple[str, ...]:
        """``safe``, ``vulnerable``."""
        return ("safe", "vulnerable")

    def revision(self) -> str:
        """Fingerprint of the data's content."""
        return embedded_revision() if self.data == EMBEDDED else folder_revision(user_path(self.data), DEFECT_FILES)

    def load(self, split: Split) -> tuple[Example, ...]:
        """Every example of a split, in file order.

        Raises:
            DataError: a missing file or a row that cannot be used, named by file and line.
        """
        if self.data == EMBEDDED:
            examples = defects(split)
        else:
            examples = read_defects(user_path(self.data), split, self.language or "c")
        limits = {"train": self.max_train, "valid": self.max_valid}
        return limited(examples, limits.get(split))
