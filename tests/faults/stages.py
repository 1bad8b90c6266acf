"""A plan of some dozens of short calls: made-up models, real attacks, real rows, and a folder of mischief."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.attacks import CarrotInsertion, engine
from robust_ray.core.call import Inputs, Stage, StageCall
from robust_ray.core.care import Care
from robust_ray.core.component import outside_key
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, Record, SubstituteRecord, Verdict
from tests import fakes
from tests.dispatch.fakes import Make, call, row
from tests.faults import mischief

ATTACK = CarrotInsertion(candidates=3, iterations=2)


@dataclass(frozen=True, kw_only=True)
class Learn(Make):
    """A checkpoint."""

    folder: str = outside_key("")

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        mischief.suffer(self.folder, key)
        return super().run(key, inputs, workdir, machine)


@dataclass(frozen=True, kw_only=True)
class Duel(Stage):
    """An attack on a victim that needs no model."""

    name: ClassVar[str] = "attack"
    table: ClassVar[str] = AttackRecord.table

    seed: int
    seconds: float = outside_key(0.0)
    folder: str = outside_key("")

    def label(self) -> str:
        return "fake"

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        return self._rows(key, inputs)

    def run_with_care(self, key: str, inputs: Inputs, workdir: Path, machine: Machine, care: Care) -> Sequence[Record]:
        """One example at a time."""
        return self._rows(key, inputs, care)

    def _rows(self, key: str, inputs: Inputs, care: Care | None = None) -> Sequence[Record]:
        mischief.suffer(self.folder, key)
        time.sleep(self.seconds)
        columns = fakes.CELL | {"key": key, "student": inputs.keys["student"][0], "seed": self.seed}
        examples = fakes.examples(fakes.BagOfNames())
        victim = mischief.Moody(folder=self.folder, key=key)
        rows = list(engine.run(ATTACK, examples, victim, {}, columns=columns, seed=self.seed, care=care))
        if all(row.verdict == Verdict.ERROR for row in rows):
            raise RuntimeError(f"the attack broke on every example, first with: {rows[0].error}")
        return rows


@dataclass(frozen=True, kw_only=True)
class Tally(Stage):
    """A row about each attacked example."""

    name: ClassVar[str] = "fidelity"
    table: ClassVar[str] = SubstituteRecord.table

    folder: str = outside_key("")

    def label(self) -> str:
        return "fake"

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        mischief.suffer(self.folder, key)
        rows = inputs.rows("attacks", AttackRecord)
        return [row(key, said(found.uid, found.verdict, found.queries), rank) for rank, found in enumerate(rows)]


def said(uid: str, verdict: str, queries: int) -> str:
    """What a tally says of an attacked example."""
    return f"{uid} {verdict} {queries}"


def plan(folder: str = "", *, students: int = 4, attacks: int = 4, seconds: float = 0.03) -> list[StageCall]:
    """A teacher, its students, attacks on each, and a tally of those: 25 calls, in an order that has inputs first."""
    teacher = call(Learn(value=1, steps=3, seconds=seconds, folder=folder))
    made = [
        call(Learn(value=10 * (n + 1), steps=3, seconds=seconds, folder=folder), teacher=teacher)
        for n in range(students)
    ]
    duels = [
        [call(Duel(seed=n, seconds=seconds, folder=folder), student=student) for n in range(attacks)]
        for student in made
    ]
    tallies = [call(Tally(folder=folder), attacks=each) for each in duels]
    return [teacher, *made, *(duel for each in duels for duel in each), *tallies]
