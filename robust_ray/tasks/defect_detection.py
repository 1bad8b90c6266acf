"""Defect detection: is this function vulnerable?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.core.examples import Example
from robust_ray.tasks._defects import defects
from robust_ray.tasks.base import TASKS, Split
from robust_ray.tasks.datasets import DEFECT_FILES, read_defects
from robust_ray.tasks.folder_task import FolderTask


@TASKS.register("defect_detection")
@dataclass(frozen=True, kw_only=True)
class DefectDetection(FolderTask):
    """Tell vulnerable functions from safe ones, in Devign's layout or with weaknesses seeded into Python's library."""

    paper: ClassVar[str] = "Zhou et al., Devign, NeurIPS 2019, https://arxiv.org/abs/1909.03496"
    files: ClassVar[tuple[str, ...]] = DEFECT_FILES
    folder_language: ClassVar[str] = "c"

    @property
    def label_names(self) -> tuple[str, ...]:
        """In label order."""
        return ("safe", "vulnerable")

    def embedded(self, split: Split) -> tuple[Example, ...]:
        """See :meth:`FolderTask.embedded`."""
        return defects(split)

    def read(self, folder: Path, split: Split, language: str) -> tuple[Example, ...]:
        """See :meth:`FolderTask.read`."""
        return read_defects(folder, split, language)
