"""Clone detection: do these two functions do the same?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.examples import Example
from robust_ray.tasks._clones import clones
from robust_ray.tasks.base import TASKS, Split
from robust_ray.tasks.folder_task import FolderTask
from robust_ray.tasks.layouts import codexglue_clones, poj104
from robust_ray.tasks.layouts.base import Layout
from robust_ray.tasks.layouts.hub import HubData


@TASKS.register("clone_detection")
@dataclass(frozen=True, kw_only=True)
class CloneDetection(FolderTask):
    """Tell clones from other pairs: BigCloneBench, Google Code Jam, POJ-104, or rewritings of Python's own library."""

    paper: ClassVar[str] = "Svajlenko et al., BigCloneBench, ICSME 2014, https://doi.org/10.1109/ICSME.2014.77"
    segments: ClassVar[int] = 2
    layouts: ClassVar[tuple[Layout, ...]] = (
        codexglue_clones.LAYOUT,
        poj104.LAYOUT,
        codexglue_clones.HUB,
        poj104.HUB,
    )
    hub: ClassVar[tuple[HubData, ...]] = (codexglue_clones.HUB, poj104.HUB)

    @property
    def label_names(self) -> tuple[str, ...]:
        """In label order."""
        return ("different", "clone")

    def embedded(self, split: Split) -> tuple[Example, ...]:
        """See :meth:`FolderTask.embedded`."""
        return clones(split)
