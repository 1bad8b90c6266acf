"""The story of a transfer matrix: killed, gone on with, run again, on Ray, and read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from robust_ray.cli import main
from robust_ray.core.records import AttackRecord, TransferRecord, Verdict
from robust_ray.plan import expand
from robust_ray.store import Store, from_table
from robust_ray.sweep_file import load
from tests.e2e.killing import kill_after

pytestmark = [pytest.mark.torch, pytest.mark.ray]

SWEEP: dict[str, Any] = {
    "name": "tiny",
    "models": [
        {"type": "scratch_roberta", "layers": 1, "hidden": 32, "heads": 2, "intermediate": 32, "vocabulary": 400}
    ],
    "tasks": [{"type": "defect_detection", "data": "embedded", "max_train": 600}],
    "training": {"epochs": 5, "batch_size": 16, "learning_rate": 4e-3, "max_length": 96},
    "compressions": [{"type": "magnitude_pruning", "sparsity": 0.6, "scope": "linear"}, "dynamic_quantization"],
    "attacks": [{"type": "mhm", "candidates": 5, "iterations": 4, "query_budget": 30}],
    "transfer": True,
    "examples": {"evaluate": 20, "attack": 20, "shard": 10},
}
VICTIMS = 3


def rows(store: Store) -> list[TransferRecord]:
    """All that was replayed, call by call."""
    return from_table(store.table(TransferRecord.table).table, TransferRecord)


@pytest.fixture(scope="module")
def sweep_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("transfer") / "transfer.yaml"
    path.write_text(yaml.safe_dump(SWEEP))
    return path


@pytest.fixture(scope="module")
def store(sweep_file: Path) -> Store:
    """Of a run whose driver was killed while it replayed."""
    uri = str(sweep_file.parent / "store")
    command = ["run", str(sweep_file), "--on", "serial", "--store", uri]
    kill_after(command, "start  transfer")
    assert main(command) == 0
    return Store.open(uri)


def test_a_kill_loses_nothing(store: Store, sweep_file: Path) -> None:
    assert set(expand(load(sweep_file)).calls) == store.present()
    attacked = from_table(store.table(AttackRecord.table).table, AttackRecord)
    won = [(row.student, row.uid) for row in attacked if row.verdict == Verdict.SUCCEEDED]
    assert won
    replayed = [(row.student, row.source, row.uid) for row in rows(store)]
    targets = {row.student for row in attacked}
    assert len(targets) == VICTIMS
    assert sorted(replayed) == sorted((target, *source) for target in targets for source in won)


def test_on_its_own_victim_each_example_succeeds_again(store: Store) -> None:
    own = [row for row in rows(store) if row.source == row.student]
    assert {row.compression for row in own} == {"none", "magnitude_pruning", "dynamic_quantization"}
    assert all(row.applies and row.transferred for row in own)


def test_what_was_replayed_leads_back_to_the_code(store: Store) -> None:
    attacked = {(row.key, row.uid): row for row in from_table(store.table(AttackRecord.table).table, AttackRecord)}
    for row in rows(store):
        found = attacked[row.found_by, row.uid]
        assert (found.student, found.label, found.verdict) == (row.source, row.label, Verdict.SUCCEEDED)


def test_the_same_command_again_replays_nothing(store: Store, sweep_file: Path) -> None:
    before = len(store.runs())
    assert main(["run", str(sweep_file), "--on", "serial", "--store", store.uri]) == 0
    assert len(store.runs()) == before


def test_ray_writes_the_same_rows(store: Store, sweep_file: Path, tmp_path: Path) -> None:
    shutil.copytree(store.uri, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "tables" / TransferRecord.table)
    assert main(["run", str(sweep_file), "--on", "ray", "--store", str(tmp_path / "copy")]) == 0
    assert rows(Store.open(str(tmp_path / "copy"))) == rows(store)


def test_plan_and_status_show_it(store: Store, sweep_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(sweep_file), "--store", store.uri]) == 0
    planned = capsys.readouterr().out
    assert main(["status", str(sweep_file), "--store", store.uri]) == 0
    for said in (planned, capsys.readouterr().out):
        (line,) = (line.split() for line in said.splitlines() if line.split()[:1] == ["transfer"])
        assert line[1:3] == [str(VICTIMS**2)] * 2
