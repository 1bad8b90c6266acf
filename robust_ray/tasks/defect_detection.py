"""Defect detection: is this function vulnerable?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.examples import Example
from robust_ray.tasks._defects import defects
from robust_ray.tasks.base import TASKS, Split
from robust_ray.tasks.folder_task import FolderTask
from robust_ray.tasks.layouts import codexglue_defects, juliet, owasp_benchmark
from robust_ray.tasks.layouts.base import Layout
from robust_ray.tasks.layouts.hub import HubData


@TASKS.register("defect_detection")
@dataclass(frozen=True, kw_only=True)
class DefectDetection(FolderTask):
    """Tell vulnerable code from safe: Devign, OWASP Benchmark, Juliet, or weaknesses seeded into Python's library."""

    paper: ClassVar[str] = "Zhou et al., Devign, NeurIPS 2019, https://arxiv.org/abs/1909.03496"
    layouts: ClassVar[tuple[Layout, ...]] = (
        codexglue_defects.LAYOUT,
        owasp_benchmark.LAYOUT,
        juliet.LAYOUT,
        codexglue_defects.HUB,
    )
    hub: ClassVar[tuple[HubData, ...]] = (codexglue_defects.HUB,)

    @property
    def label_names(self) -> tuple[str, ...]:
        """In label order."""
        return ("safe", "vulnerable")

    def embedded(self, split: Split) -> tuple[Example, ...]:
        """See :meth:`FolderTask.embedded`."""
        return defects(split)
