"""How many calls share a GPU follows from what was measured, and they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robust_ray.core.machine import UNKNOWN_GPU
from robust_ray.core.records import RunRecord
from robust_ray.dispatch import Settings, Shape, settings
from robust_ray.dispatch.sharing import MARGIN, MOST, OVERHEAD, STEPS, measured_shares, share
from robust_ray.models import ScratchRoberta
from robust_ray.store import Store
from robust_ray.store.results import to_parquet, to_table
from robust_ray.sweep import Resources, Sweep
from robust_ray.tasks import DefectDetection

GIB = 2**30
MEMORY = st.integers(1, 200 * GIB)


def run(stage: str, peak: int | None, **changes: Any) -> RunRecord:
    """An attempt on a GPU of 24 GiB."""
    values: dict[str, Any] = {
        "key": f"{stage}-fake-v1-0",
        "attempt": "one",
        "stage": stage,
        "outcome": "done",
        "started": 0.0,
        "seconds": 1.0,
        "peak_memory": None,
        "peak_gpu_memory": peak,
        "gpu_memory": None if peak is None else 24 * GIB,
        "max_batch_tokens": 16384,
        "energy": None,
        "host": "node",
        "accelerator": "Card",
        "git_commit": None,
        "packages": "{}",
        "error": None,
        "traceback": None,
    }
    return RunRecord(**values | changes)


@given(peak=MEMORY, memory=MEMORY)
@example(peak=1, memory=24 * GIB)
@example(peak=int(20 * GIB / MARGIN), memory=24 * GIB)
def test_as_many_as_fit_and_no_more(peak: int, memory: int) -> None:
    found = share(peak, memory)
    calls = int(1 / found)
    needed = MARGIN * peak + OVERHEAD
    assert 1 <= calls <= MOST
    assert found * calls <= 1
    assert found * STEPS == pytest.approx(round(found * STEPS))
    assert calls == 1 or calls * needed <= memory
    assert calls == MOST or (calls + 1) * needed > memory


@given(peak=MEMORY, more=MEMORY, memory=MEMORY)
def test_who_needs_more_gets_no_less(peak: int, more: int, memory: int) -> None:
    assert share(peak, memory) <= share(peak + more, memory)


@given(peaks=st.lists(MEMORY, min_size=1, max_size=5))
def test_the_greediest_call_decides(peaks: list[int]) -> None:
    found = measured_shares([run("attack", peak) for peak in peaks], "Card", 16384)
    assert found == {"attack": share(max(peaks), 24 * GIB)}


def test_only_what_was_alike_counts() -> None:
    runs = [
        run("attack", 3 * GIB),
        run("attack", None),
        run("fidelity", 0),
        run("attack", 9 * GIB, accelerator="Other", gpu_memory=80 * GIB),
        run("attack", 20 * GIB, max_batch_tokens=65536),
        run("teach", 9 * GIB, outcome="failed"),
    ]
    assert measured_shares(runs, "Card", 16384) == {"attack": 0.2, "teach": 0.5}
    assert measured_shares(runs, "Other", 16384) == {"attack": 0.1666}
    assert measured_shares(runs, UNKNOWN_GPU, 16384) == {"attack": 0.2, "teach": 0.5}
    assert measured_shares(runs, "Third", 16384) == {}


def test_a_store_of_older_runs_has_measured_nothing(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    table = to_table([run("attack", 3 * GIB)], RunRecord)
    older = table.drop_columns(["peak_gpu_memory", "gpu_memory", "max_batch_tokens"])
    (tmp_path / "tables" / "runs").mkdir(parents=True)
    (tmp_path / "tables" / "runs" / "attack-fake-v1-0-one.parquet").write_bytes(to_parquet(older, {}))
    (read,) = store.runs()
    assert (read.stage, read.peak_gpu_memory, read.max_batch_tokens) == ("attack", None, None)
    assert measured_shares([read], "Card", 16384) == {}


def test_a_sweep_leaves_its_share_to_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "accelerator_name", lambda *, gpu: "Card")
    held = {"attack": Resources(cpu=2, gpu="auto"), "teach": Resources(gpu="auto"), "gate": Resources(gpu=0.5)}
    sweep = Sweep(name="s", models=(ScratchRoberta(),), tasks=(DefectDetection(),), resources=held)
    store = Store.open(str(tmp_path))
    pilot = {"attack": Shape(2, 1), "teach": Shape(1, 1), "gate": Shape(1, 0.5)}
    assert Settings.of(sweep).shapes == Settings.of(sweep, store).shapes == pilot
    store.put_run(run("attack", 3 * GIB))
    assert Settings.of(sweep, store).shapes == pilot | {"attack": Shape(2, 0.2)}
