"""A look at a task's data, before any model reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.core.call import Inputs, Stage
from robust_ray.core.identity import canonical_json, parameters_and_revision
from robust_ray.core.machine import Machine
from robust_ray.core.records import DatasetRecord, Record
from robust_ray.tasks import Task
from robust_ray.tasks.survey import survey, warnings


@dataclass(frozen=True, kw_only=True)
class Survey(Stage):
    """The splits of a task: sizes, balance, lengths, duplicates, and what was left out of them."""

    name: ClassVar[str] = "survey"
    table: ClassVar[str] = DatasetRecord.table
    most_gpus: ClassVar[float] = 0

    task: Task

    def label(self) -> str:
        return self.task.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        return rows(self.task, key)


def rows(task: Task, key: str) -> list[DatasetRecord]:
    """A row for each split of a task's data."""
    sifted = {split: task.sift(split) for split in task.splits}
    found = survey({split: part.examples for split, part in sifted.items()}, task.question)
    return [
        DatasetRecord(
            key=key,
            task=task.type,
            task_params=parameters_and_revision(task),
            language=task.code_language,
            split=split,
            labels=task.label_names,
            dropped=sum(part.dropped.values()),
            dropped_for=canonical_json(part.dropped),
            **found[split]._asdict(),
            warnings=tuple(warnings(split, found[split], task.label_names)),
        )
        for split, part in sifted.items()
    ]
