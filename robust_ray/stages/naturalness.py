"""A second look at adversarial examples, by a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.attacks import naturalness
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.identity import parameters_and_revision
from robust_ray.core.language_model import LanguageModel
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, NaturalnessRecord, Record


@dataclass(frozen=True, kw_only=True)
class Naturalness(Stage):
    """What a language model that no one attacks makes of the adversarial examples of one shard."""

    name: ClassVar[str] = "naturalness"
    table: ClassVar[str] = NaturalnessRecord.table

    language_model: LanguageModel

    def label(self) -> str:
        return self.language_model.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        rows = inputs.rows("attacks", AttackRecord)
        if all(row.adversarial is None for row in rows):
            return []
        component = self.language_model
        params = parameters_and_revision(component)
        model = machine.warm.get(f"{component.type} {params}", lambda: component.load(machine))
        columns = {"key": key, "language_model": component.type, "language_model_params": params}
        return naturalness.measure(rows, model, columns)
