"""A call that replays what an attack has found: what it reads, and what it asks of whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from robust_ray.attacks import MHM, Targeted
from robust_ray.compression import NoCompression
from robust_ray.core.call import Inputs, Ref, StageCall
from robust_ray.core.machine import Machine
from robust_ray.core.records import RECORDS, AttackRecord, TransferRecord, Verdict
from robust_ray.models import ScratchRoberta, Training
from robust_ray.stages import STAGES, Cell, Transfer
from robust_ray.tasks import DefectDetection
from tests import fakes
from tests.attacks.test_naturalness import attacked

CELL = Cell(
    model=ScratchRoberta(),
    task=DefectDetection(),
    training=Training(),
    compression=NoCompression(),
    seed=0,
    teacher="finetune-x-v1-0",
)
KEYS = {"student": ("compress-none-v1-0",), "attacks": ("attack-mhm-v1-0", "attack-mhm-v1-1")}


def rows_of(rows: Sequence[AttackRecord], stage: Transfer, workdir: Path) -> list[TransferRecord]:
    """What the stage makes of the rows of its source."""
    found = stage.run("transfer-mhm-v1-0", Inputs(tables={"attacks": rows}, keys=KEYS), workdir, Machine())
    return [row for row in found if isinstance(row, TransferRecord)]


@pytest.fixture
def victim(monkeypatch: pytest.MonkeyPatch) -> fakes.BagOfNames:
    """In place of the network that lies at the target's key."""
    victim = fakes.BagOfNames()
    monkeypatch.setattr("robust_ray.stages.transfer.victim_of", lambda *given: victim)
    return victim


def test_only_what_counts_is_replayed(victim: fakes.BagOfNames, tmp_path: Path) -> None:
    columns = {"label": 0, "context": ()}
    rows = [
        attacked("total = 1", "best = 1", "won", **columns),
        attacked("total = 1", "if = 1", "invalid", verdict=Verdict.INVALID, **columns),
        attacked("total = 1", None, "lost", **columns),
        attacked("total = 2", "best = 2", "won, too", **columns),
    ]
    found = rows_of(rows, Transfer(cell=CELL, attack=MHM()), tmp_path)
    assert [row.uid for row in found] == ["won", "won, too"]
    assert {(row.key, row.student, row.model) for row in found} == {
        ("transfer-mhm-v1-0", "compress-none-v1-0", "scratch_roberta")
    }
    assert not list(tmp_path.iterdir())


def test_the_goal_is_that_of_the_attack(victim: fakes.BagOfNames, tmp_path: Path) -> None:
    label = int(victim.predict(victim.encode([("total = 1",)])).argmax())
    row = attacked("total = 1", "total  =  1", label=label, context=())
    for goal, transferred in ((Targeted(label=label), True), (Targeted(label=1 - label), False)):
        (found,) = rows_of([row], Transfer(cell=CELL, attack=MHM(goal=goal)), tmp_path)
        assert found.transferred is transferred


def test_where_nothing_was_found_no_network_is_loaded(tmp_path: Path) -> None:
    for rows in ([], [attacked("a = 1", None)]):
        assert rows_of(rows, Transfer(cell=CELL, attack=MHM()), tmp_path) == []


def test_its_key_is_made_of_target_and_source() -> None:
    def key(stage: Transfer, student: str = "s", attacks: Sequence[str] = ("a", "b")) -> str:
        found = tuple(Ref(each, AttackRecord.table) for each in attacks)
        return StageCall(stage, {"student": (Ref(student, None),), "attacks": found}).key

    stage = Transfer(cell=CELL, attack=MHM())
    other = dataclasses.replace(stage, cell=dataclasses.replace(CELL, dtype="bfloat16"))
    keys = [
        key(stage),
        key(stage, "t"),
        key(stage, attacks=("a",)),
        key(other),
        key(Transfer(cell=CELL, attack=MHM(iterations=3))),
    ]
    assert len(set(keys)) == len(keys)
    assert key(stage).startswith("transfer-mhm-v1-")
    assert Transfer in STAGES
    assert TransferRecord in RECORDS
