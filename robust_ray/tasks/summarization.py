"""Summarization: what does this function do, in one sentence?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.examples import Example
from robust_ray.tasks._summaries import summaries
from robust_ray.tasks.base import TASKS, Split
from robust_ray.tasks.folder_task import FolderTask
from robust_ray.tasks.layouts import code_to_text
from robust_ray.tasks.layouts.base import Layout
from robust_ray.tasks.layouts.hub import HubData


@TASKS.register("summarization")
@dataclass(frozen=True, kw_only=True)
class Summarization(FolderTask):
    """Say in words what code does: CodeXGLUE, CodeSearchNet, TL-CodeSum, or the docstrings of Python's own library."""

    paper: ClassVar[str] = "Husain et al., CodeSearchNet Challenge, 2019, https://arxiv.org/abs/1909.09436"
    layouts: ClassVar[tuple[Layout, ...]] = (code_to_text.LAYOUT, code_to_text.HUB)
    hub: ClassVar[tuple[HubData, ...]] = (code_to_text.HUB,)

    @property
    def label_names(self) -> tuple[str, ...]:
        """None: the answer is a text."""
        return ()

    def embedded(self, split: Split) -> tuple[Example, ...]:
        """See :meth:`FolderTask.embedded`."""
        return summaries(split)
