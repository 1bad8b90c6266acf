"""One small sweep, whole: run twice, on both dispatchers, changed, killed, damaged, analysed."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from robust_ray.cli import main
from robust_ray.core.call import Inputs
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, EvaluationRecord, FidelityRecord, Record, Verdict
from robust_ray.plan import expand
from robust_ray.source import analyse, check
from robust_ray.stages import Attack
from robust_ray.store import Store, from_table
from robust_ray.sweep_file import load

pytestmark = [pytest.mark.torch, pytest.mark.ray]

SWEEP = {
    "name": "tiny",
    "models": [
        {"type": "scratch_roberta", "layers": 1, "hidden": 32, "heads": 2, "intermediate": 32, "vocabulary": 400}
    ],
    "tasks": [{"type": "defect_detection", "data": "embedded", "max_train": 600}],
    "training": {"epochs": 5, "batch_size": 16, "learning_rate": 4e-3, "max_length": 96},
    "compressions": [
        {"type": "magnitude_pruning", "sparsity": 0.6, "scope": "linear"},
        "dynamic_quantization",
        {
            "type": "distillation",
            "student": {
                "type": "scratch_roberta",
                "layers": 1,
                "hidden": 16,
                "heads": 2,
                "intermediate": 16,
                "vocabulary": 300,
            },
        },
    ],
    "attacks": [
        {"type": "mhm", "candidates": 5, "iterations": 4, "query_budget": 30},
        {"type": "wir_random", "candidates": 5, "query_budget": 40},
    ],
    "relations": [
        "prediction_agreement",
        "probability_similarity",
        "high_confidence_preservation",
        "calibration_alignment",
    ],
    "examples": {"evaluate": 40, "attack": 10, "shard": 5},
}
TIMES = {"latency_p50", "latency_p95", "throughput", "peak_memory"}
"""Columns that are measured, not computed."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep")


@pytest.fixture(scope="module")
def sweep_file(folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(SWEEP))
    return path


@pytest.fixture(scope="module")
def serial_store(folder: Path, sweep_file: Path) -> Store:
    assert main(["run", str(sweep_file), "--on", "serial", "--store", str(folder / "serial")]) == 0
    return Store.open(str(folder / "serial"))


def rows(store: Store, record: type[Record]) -> list[dict[str, object]]:
    """All rows of a table, what was only timed left out, in a fixed order."""
    found = [dataclasses.asdict(row) for row in from_table(store.table(record.table).table, record)]
    kept = [{name: value for name, value in row.items() if name not in TIMES} for row in found]
    return sorted(kept, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def test_every_call_of_the_plan_is_in_the_store(serial_store: Store, sweep_file: Path) -> None:
    assert set(expand(load(sweep_file)).calls) == serial_store.present()


def test_every_counted_adversarial_example_is_valid(serial_store: Store) -> None:
    attacks = from_table(serial_store.table("attacks").table, AttackRecord)
    succeeded = [row for row in attacks if isinstance(row, AttackRecord) and row.verdict == Verdict.SUCCEEDED]
    assert succeeded
    for row in succeeded:
        assert row.adversarial is not None
        assert check(analyse(row.original, row.language), row.adversarial, json.loads(row.renames)).is_valid
        assert row.adversarial_prediction != row.label == row.prediction


def test_the_same_command_again_runs_nothing(serial_store: Store, sweep_file: Path) -> None:
    before = len(serial_store.runs())
    assert main(["run", str(sweep_file), "--on", "serial", "--store", serial_store.uri]) == 0
    assert len(serial_store.runs()) == before


def test_changing_one_attack_runs_that_attack_alone(serial_store: Store, sweep_file: Path) -> None:
    before = {run.key for run in serial_store.runs()}
    change = ["--set", "attacks[0].query_budget=12"]
    assert main(["run", str(sweep_file), "--on", "serial", "--store", serial_store.uri, *change]) == 0
    new = {run.key for run in serial_store.runs()} - before
    assert {key.split("-v1-")[0] for key in new} == {"attack-mhm", "fidelity-mhm"}


def test_serial_and_ray_write_the_same_rows(folder: Path, sweep_file: Path) -> None:
    """Each from nothing, so that training, compression and attacks must all agree to the bit."""
    stores = []
    for on in ("serial", "ray"):
        uri = str(folder / f"same-{on}")
        assert main(["run", str(sweep_file), "--on", on, "--store", uri]) == 0
        stores.append(Store.open(uri))
    for record in (AttackRecord, FidelityRecord, EvaluationRecord):
        assert rows(stores[0], record) == rows(stores[1], record)


@pytest.mark.parametrize(("on", "moments"), [("serial", (4.0, 8.0, 11.0)), ("ray", (9.0, 13.0))])
def test_a_killed_driver_loses_nothing(folder: Path, sweep_file: Path, on: str, moments: tuple[float, ...]) -> None:
    uri = str(folder / f"killed-{on}")
    command = [sys.executable, "-m", "robust_ray.cli", "run", str(sweep_file), "--on", on, "--store", uri]
    for moment in moments:
        driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(moment)
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    store = Store.open(uri)
    assert set(expand(load(sweep_file)).calls) == store.present()
    loaded = store.table("attacks")
    assert loaded.unreadable == []
    attacked = Counter((row["key"], row["uid"]) for row in loaded.table.to_pylist())
    assert max(attacked.values()) == 1


def test_damaged_files_are_computed_again(serial_store: Store, sweep_file: Path) -> None:
    """A row file and a checkpoint that others were made of: neither is trusted, neither is fatal."""
    plan = expand(load(sweep_file))
    attack = next(call for call in plan.stages()["attack"])
    folder = Path(serial_store.uri)
    (folder / "tables" / "attacks" / f"{attack.key}.parquet").write_bytes(b"PAR1 cut off")
    student = attack.inputs["student"][0].key
    weights = next((folder / "checkpoints" / student).glob("attempt-*/model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-7] + b"garbage")
    command = [
        sys.executable,
        "-m",
        "robust_ray.cli",
        "run",
        str(sweep_file),
        "--on",
        "serial",
        "--store",
        serial_store.uri,
    ]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    assert serial_store.rows(attack.ref)
    assert (folder / "quarantine").is_dir()


def test_the_report_reads_the_rows(serial_store: Store, folder: Path) -> None:
    out = folder / "report.html"
    command = [
        sys.executable,
        "-m",
        "analysis.report",
        "--store",
        serial_store.uri,
        "--sweep",
        "tiny",
        "--out",
        str(out),
    ]
    subprocess.run(command, check=True, capture_output=True)
    text = out.read_text()
    for word in ("magnitude_pruning", "dynamic_quantization", "distillation", "mhm", "wir_random"):
        assert word in text


def test_rows_do_not_depend_on_who_is_attacked_beside_whom(
    serial_store: Store, sweep_file: Path, tmp_path: Path
) -> None:
    """On a real network: what was decided is the same to the letter, probabilities up to rounding."""
    found = ((call, call.stage) for call in expand(load(sweep_file)).calls.values())
    shards = ((call, stage) for call, stage in found if isinstance(stage, Attack))
    call, stage = next((call, stage) for call, stage in shards if stage.cell.compression.type == "none")
    roles = {role: refs[0] for role, refs in call.inputs.items()}
    inputs = Inputs(
        checkpoints={"student": serial_store.checkpoint(roles["student"].key)},
        tables={"substitutes": serial_store.rows(roles["substitutes"])},
        keys={role: (ref.key,) for role, ref in roles.items()},
    )
    alone = stage.run(call.key, inputs, tmp_path, Machine(in_flight=1, max_batch_tokens=1))
    together = stage.run(call.key, inputs, tmp_path, Machine(in_flight=64))
    assert any(row.verdict == Verdict.SUCCEEDED for row in alone if isinstance(row, AttackRecord))
    for one, other in zip(alone, together, strict=True):
        for name, value in dataclasses.asdict(one).items():
            expected = pytest.approx(value, abs=1e-5) if "confidence" in name and value is not None else value
            assert getattr(other, name) == expected
