"""A call that hangs or crashes is ended, recorded and given up; an example that does so becomes a row."""

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
from robust_ray.core.care import Care
from robust_ray.core.errors import StoreError, SweepError
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record
from robust_ray.dispatch import Settings, attempt, serial
from robust_ray.store import Store
from robust_ray.sweep_file import load
from tests.dispatch.fakes import Look, call, row, small_plan
from tests.faults import mischief
from tests.faults.scene import Fake, Rows, outputs, with_lost
from tests.faults.stages import plan


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


@dataclass(frozen=True, kw_only=True)
class Slow(Look):
    """Takes longer than it may, but no example does."""

    examples: ClassVar[int] = 3

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        return self.run_with_care(key, inputs, workdir, machine, Care(begin=lambda uid: None))

    def run_with_care(self, key: str, inputs: Inputs, workdir: Path, machine: Machine, care: Care) -> Sequence[Record]:
        for i in range(self.examples):
            care.begin(str(i))
            time.sleep(1.0)
        return [row(key, str(i), i) for i in range(self.examples)]


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


@pytest.mark.parametrize(
    ("kind", "died"), [("always-kill", "the worker died with status -11"), ("always-hang", "the call must end within")]
)
def test_an_example_that_ends_its_process_becomes_a_row(
    kind: str, died: str, store: Store, tmp_path: Path, expected: Rows
) -> None:
    """Once in company, then twice alone; with the settings that sweeps have by default."""
    calls = plan(str(tmp_path), seconds=0.0)
    mischief.plant(tmp_path, kind)
    report = serial.run(calls, store, Settings(time_limits={"attack": 2.0}))
    assert report.failures == []
    found, struck = outputs(store, Fake()), mischief.cursed(tmp_path)
    assert len(struck) == 1
    assert found == with_lost(expected, found, calls, struck)
    failed = [run for run in store.runs() if run.outcome == "failed"]
    assert {run.key for run in failed} == set(struck)
    assert len(failed) == 3
    assert all(str(run.error).startswith(died) for run in failed)
    assert store.suspects(struck[0]).known() is None


def test_who_is_slow_is_not_blamed_for_the_others(store: Store) -> None:
    """The limit is that of a whole call, then of each example."""
    slow = call(Slow(), student=(teacher := small_plan()[0]))
    report = serial.run([teacher, slow], store, Settings(retries=0, time_limits={"attack": 2.0}))
    assert report.failures == []
    assert len(store.rows(slow.ref)) == Slow.examples


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
