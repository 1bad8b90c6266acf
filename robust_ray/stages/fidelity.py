"""Teacher and student side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.attacks import AttackRecipe
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.examples import Example, stable_order
from robust_ray.core.identity import parameters
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, FidelityRecord, Record, Verdict
from robust_ray.fidelity import Relation, compare
from robust_ray.stages.cell import Cell, victim_of


@dataclass(frozen=True, kw_only=True)
class Fidelity(Stage):
    """Teacher and student side by side, on clean examples or on the adversarial examples of one attack."""

    name: ClassVar[str] = "fidelity"
    table: ClassVar[str] = FidelityRecord.table

    cell: Cell
    relations: tuple[Relation, ...]
    examples: int | None
    attack: AttackRecipe | None
    """Whose adversarial examples to compare on; null for clean examples."""

    def label(self) -> str:
        return "clean" if self.attack is None else self.attack.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        teacher, student = (victim_of(inputs, role, machine, self.cell.dtype) for role in ("teacher", "student"))
        columns = self.cell.columns(key, inputs.keys["student"][0])
        if self.attack is None:
            clean = stable_order(self.cell.task.load("test"))[: self.examples]
            return compare(self.relations, clean, teacher, student, columns, max_batch_tokens=machine.max_batch_tokens)
        rows: list[FidelityRecord] = []
        for role, attacked in (("teacher", "attacks_on_teacher"), ("student", "attacks_on_student")):
            rows_on = inputs.rows(attacked, AttackRecord)
            examples = [_adversarial(row) for row in rows_on if row.verdict == Verdict.SUCCEEDED]
            rows += compare(
                self.relations,
                examples,
                teacher,
                student,
                columns,
                perturbation={
                    "perturbation": self.attack.type,
                    "perturbed_for": role,
                    "attack_params": parameters(self.attack),
                },
                max_batch_tokens=machine.max_batch_tokens,
            )
        return rows


def _adversarial(row: AttackRecord) -> Example:
    """The adversarial example of a successful attack, as an example of its own."""
    assert row.adversarial is not None
    return Example(uid=row.uid, segments=(row.adversarial, *row.context), label=row.label, language=row.language)
