"""Clone detection: do these two functions do the same?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.core.examples import Example
from robust_ray.tasks._clones import clones
from robust_ray.tasks.base import TASKS, Split
from robust_ray.tasks.datasets import CLONE_FILES, read_clones
from robust_ray.tasks.folder_task import FolderTask


@TASKS.register("clone_detection")
@dataclass(frozen=True, kw_only=True)
class CloneDetection(FolderTask):
    """Tell clones from other pairs of functions, on BigCloneBench's layout or on rewritings of Python's own library."""

    paper: ClassVar[str] = "Svajlenko et al., BigCloneBench, ICSME 2014, https://doi.org/10.1109/ICSME.2014.77"
    segments: ClassVar[int] = 2
    files: ClassVar[tuple[str, ...]] = CLONE_FILES
    folder_language: ClassVar[str] = "java"

    @property
    def label_names(self) -> tuple[str, ...]:
        """In label order."""
        return ("different", "clone")

    def embedded(self, split: Split) -> tuple[Example, ...]:
        """See :meth:`FolderTask.embedded`."""
        return clones(split)

    def read(self, folder: Path, split: Split, language: str) -> tuple[Example, ...]:
        """See :meth:`FolderTask.read`."""
        return read_clones(folder, split, language)
