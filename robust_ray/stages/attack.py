"""An attack on a student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.attacks import AttackRecipe, Substitutes, engine
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.care import Care
from robust_ray.core.examples import stable_order
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, Record, SubstituteRecord, Verdict
from robust_ray.stages.cell import Cell, remembered, victim_of


@dataclass(frozen=True, kw_only=True)
class Attack(Stage):
    """One attack on a range of the test examples of one student."""

    name: ClassVar[str] = "attack"
    version: ClassVar[int] = 3
    table: ClassVar[str] = AttackRecord.table

    cell: Cell
    attack: AttackRecipe
    start: int
    """First example, in :func:`~robust_ray.core.examples.stable_order`."""
    stop: int
    """Behind the last."""

    def label(self) -> str:
        return self.attack.type

    @property
    def uses_gpu(self) -> bool:
        return self.cell.uses_gpu

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        return self._rows(key, inputs, machine)

    def run_with_care(self, key: str, inputs: Inputs, workdir: Path, machine: Machine, care: Care) -> Sequence[Record]:
        """One example at a time, for one of them may kill the process."""
        return self._rows(key, inputs, machine, care)

    def _rows(self, key: str, inputs: Inputs, machine: Machine, care: Care | None = None) -> Sequence[Record]:
        student, dtype = inputs.keys["student"][0], self.cell.dtype
        with remembered(inputs, "student", machine, dtype) as cache:
            rows = list(
                engine.run(
                    self.attack,
                    stable_order(self.cell.task.load("test"))[self.start : self.stop],
                    victim_of(inputs, "student", machine, dtype),
                    self._names(inputs),
                    columns=self.cell.columns(key, student),
                    seed=self.cell.seed,
                    in_flight=machine.in_flight,
                    max_batch_tokens=machine.max_batch_tokens,
                    cache=cache,
                    care=care,
                )
            )
        if rows and all(row.verdict == Verdict.ERROR for row in rows):
            raise RuntimeError(f"the attack broke on every example, first with: {rows[0].error}")
        return rows

    def _names(self, inputs: Inputs) -> dict[Substitutes, list[SubstituteRecord]]:
        """The rows of each of the attack's sources, which the plan lists in their order."""
        rows = inputs.rows("substitutes", SubstituteRecord)
        made_by = zip(self.attack.sources, inputs.keys.get("substitutes", ()), strict=True)
        return {source: [row for row in rows if row.key == key] for source, key in made_by}
