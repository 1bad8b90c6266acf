"""Authorship attribution: who wrote this program?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.examples import Example
from robust_ray.tasks._authors import AUTHORS, authors
from robust_ray.tasks.base import TASKS, Split
from robust_ray.tasks.datasets import EMBEDDED
from robust_ray.tasks.folder_task import FolderTask
from robust_ray.tasks.layouts import authorship
from robust_ray.tasks.layouts.base import Layout
from robust_ray.tasks.sources import in_folder


@TASKS.register("authorship_attribution")
@dataclass(frozen=True, kw_only=True)
class AuthorshipAttribution(FolderTask):
    """Tell who wrote a program: Google Code Jam's contestants, or the packages of Python's own library."""

    paper: ClassVar[str] = "Alsulami et al., ESORICS 2017, https://doi.org/10.1007/978-3-319-66402-6_6"
    layouts: ClassVar[tuple[Layout, ...]] = (authorship.LAYOUT,)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The authors, in label order.

        Raises:
            DataError: they are known from a folder that is not there.
        """
        if self.data == EMBEDDED:
            return AUTHORS
        return authorship.LAYOUT.authors(in_folder(self.layouts, self.data).folder)

    def embedded(self, split: Split) -> tuple[Example, ...]:
        """See :meth:`FolderTask.embedded`."""
        return authors(split)
