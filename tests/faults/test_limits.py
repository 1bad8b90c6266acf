"""A call that hangs or crashes is ended, recorded and given up; everything else is made."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from robust_ray.core.call import Inputs
from robust_ray.core.errors import StoreError, SweepError
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record
from robust_ray.dispatch import Settings, attempt, serial
from robust_ray.store import Store
from robust_ray.sweep_file import load
from tests.dispatch.fakes import Look, call, small_plan


@dataclass(frozen=True, kw_only=True)
class Stuck(Look):
    """Never ends well."""

    name: ClassVar[str] = "evaluate"

    crashes: bool = False

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        if self.crashes:
            os.kill(os.getpid(), signal.SIGSEGV)
        while True:
            time.sleep(1)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty one."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    return Store.open(str(tmp_path / "store"))


def test_what_never_ends_is_given_up_and_the_rest_is_made(store: Store) -> None:
    teacher, student, *others = small_plan(students=1)
    stuck, crashing = call(Stuck(), student=student), call(Stuck(crashes=True), student=student)
    settings = Settings(retries=0, time_limits={"evaluate": 2.0})
    report = serial.run([teacher, student, stuck, crashing, *others], store, settings)
    assert dict(report.failures) == {
        stuck.key: "the call must end within 2 s, but did not; mend what hangs, or raise its limit in `time_limits`",
        crashing.key: "the worker died with status -11",
    }
    assert store.present() == {each.key for each in (teacher, student, *others)}
    traces = {run.key: run.traceback or "" for run in store.runs() if run.outcome == "failed"}
    assert "in run" in traces[stuck.key]
    assert "Segmentation fault" in traces[crashing.key]


def test_a_limit_names_a_stage_and_is_above_zero(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("{name: x, models: [scratch_roberta], tasks: [defect_detection], time_limits: {attack: 60}}")
    assert Settings.of(load(file)).time_limits == {"attack": 60.0}
    with pytest.raises(SweepError, match=r"`time_limits.attack > 0` must hold, but got 0; give seconds"):
        load(file, ["time_limits.attack=0"])
    with pytest.raises(SweepError, match=r"`time_limits` names the stage 'attak', which does not exist; did you mean"):
        load(file, ["time_limits={attak: 3}"])


def test_a_store_that_stays_away_ends_the_run_in_a_sentence(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written where it was: that may be the folder on which its disk is mounted."""
    monkeypatch.setattr(attempt, "PAUSES", (0.0,))
    place = Path(store.uri)
    place.rename(tmp_path / "away")
    place.mkdir()
    with pytest.raises(StoreError, match=r"the store must be readable and writable, but got: no FORMAT lies there"):
        serial.run(small_plan(), store, Settings())
    assert list(place.rglob("*")) == []
    place.rmdir()
    (tmp_path / "away").rename(place)
    assert serial.run(small_plan(), store, Settings()).ok
