"""Names that attacks may give."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.attacks import Substitutes
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.examples import stable_order
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record, SubstituteRecord
from robust_ray.tasks import Task


@dataclass(frozen=True, kw_only=True)
class CollectSubstitutes(Stage):
    """Names for the attacks, victim-independent, once per data set or attacked example."""

    name: ClassVar[str] = "substitutes"
    table: ClassVar[str] = SubstituteRecord.table

    substitutes: Substitutes
    task: Task
    start: int = 0
    """First example, in :func:`~robust_ray.core.examples.stable_order`."""
    stop: int | None = None
    """Behind the last; null for all."""

    def label(self) -> str:
        return self.substitutes.type

    @property
    def uses_gpu(self) -> bool:
        return self.substitutes.uses_gpu

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        attacked = stable_order(self.task.load("test"))[self.start : self.stop]
        found = self.substitutes.collect(self.task.load("train"), attacked, machine)
        return [dataclasses.replace(row, key=key) for row in found]
