"""Adversarial examples of one victim, replayed on another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.attacks import AttackRecipe, transfer
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, Record, TransferRecord, Verdict
from robust_ray.stages.cell import Cell, remembered, victim_of


@dataclass(frozen=True, kw_only=True)
class Transfer(Stage):
    """What one attack has found against one victim, the source, replayed on another: on itself, too, to be sure of it.

    A source at a time, so that another compression in the sweep is another row and column of the matrix and no more.
    """

    name: ClassVar[str] = "transfer"
    table: ClassVar[str] = TransferRecord.table

    cell: Cell
    """The target."""
    attack: AttackRecipe

    def label(self) -> str:
        return self.attack.type

    @property
    def uses_gpu(self) -> bool:
        return self.cell.uses_gpu

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        rows = [row for row in inputs.rows("attacks", AttackRecord) if row.verdict == Verdict.SUCCEEDED]
        if not rows:
            return []
        dtype = self.cell.dtype
        with remembered(inputs, "student", machine, dtype) as cache:
            return transfer.replay(
                self.attack.goal,
                rows,
                victim_of(inputs, "student", machine, dtype),
                self.cell.columns(key, inputs.keys["student"][0]),
                max_batch_tokens=machine.max_batch_tokens,
                cache=cache,
            )
