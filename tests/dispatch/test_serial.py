"""The serial dispatcher keeps the contract, and a kill at any moment costs at most the call in flight."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from robust_ray.core.call import StageCall
from robust_ray.core.errors import CorruptedError
from robust_ray.core.machine import Warm
from robust_ray.dispatch import Counts, Outcome, Report, Settings, Shape, serial
from robust_ray.store import Store
from tests.contracts import DispatcherContract
from tests.dispatch.fakes import Break, call, small_plan


class TestSerial(DispatcherContract):
    @pytest.fixture
    def dispatch(self) -> Callable[..., Report]:
        return serial.run

    def test_progress_hears_of_every_attempt(self, store: Store, tmp_path: Path) -> None:
        heard = Heard()
        flaky = call(Break(marks=str(tmp_path), times=1))
        serial.run([flaky], store, Settings(), progress=heard)
        assert heard.said == ["start", "RuntimeError: boom", "start", "None"]
        assert heard.counts == {"attack": Counts(done=1)}

    def test_a_disk_that_damages_everything_ends_the_run(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        teacher, student, *_ = calls = small_plan(students=1, looks=1)
        monkeypatch.setattr(Store, "checkpoint", damaged(student.key))
        report = serial.run(calls, store, Settings(retries=1))
        assert [failure.key for failure in report.failures] == [calls[2].key]
        assert report.counts["finetune"] == Counts(done=2)
        assert len([run for run in store.runs() if run.key == student.key]) == 3
        assert teacher.key in store.present()

    def test_threads_are_the_whole_cores_of_the_stage(self, store: Store) -> None:
        settings = Settings(shapes={"finetune": Shape(cpu=2.5), "attack": Shape(cpu=0.5)})
        threads = {each.stage.name: settings.machine(each, Warm()).threads for each in small_plan()}
        assert threads == {"finetune": 2, "attack": 1, "fidelity": 1}

    @pytest.mark.parametrize("ends", [0, 1, 3, 6])
    def test_a_killed_run_goes_on(self, ends: int, store: Store, tmp_path: Path) -> None:
        kill_after("serial", ends, tmp_path / "store")
        before = store.present()
        assert len(before) >= ends
        calls = small_plan(seconds=0.05, steps=3)
        report = serial.run(calls, store, Settings())
        assert report.ok
        assert sum(count.cached for count in report.counts.values()) == len(before)
        assert_whole(calls, store, tmp_path / "store")
        done = [run.key for run in store.runs() if run.outcome == "done"]
        assert len(done) == len(set(done))


class Heard:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counts: Mapping[str, Counts] = {}

    def on_start(self, call: StageCall) -> None:
        self.said.append("start")

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        self.said.append(str(outcome.error))

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        self.counts = counts


def damaged(key: str) -> Callable[[Store, str], Path]:
    """``Store.checkpoint``, which finds one checkpoint damaged whenever it is asked."""
    whole = Store.checkpoint

    def checkpoint(self: Store, wanted: str) -> Path:
        if wanted == key:
            raise CorruptedError(f"{key}: damaged again")
        return whole(self, wanted)

    return checkpoint


def kill_after(how: str, ends: int, store: Path, moment: float = 0.03) -> None:
    """Start a driver and kill -9 it, in the middle of the call after the one that ended as the ``ends``-th."""
    command = [sys.executable, "-m", "tests.dispatch.driver", how, str(store)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as driver:
        assert driver.stdout is not None
        said: list[str] = []
        while said.count("end") < ends or said[-1:] != ["start"]:
            said.append(next(driver.stdout).strip())
        time.sleep(moment)
        driver.kill()


def assert_whole(calls: list[StageCall], store: Store, folder: Path) -> None:
    """Every output once and complete, and nothing half-written beside it."""
    assert {each.key for each in calls} == store.present()
    for each in calls:
        if each.stage.table is None:
            assert store.checkpoint(each.key).joinpath("step-0").exists()
        else:
            assert len(store.rows(each.ref)) == (3 if each.stage.name == "attack" else 1)
    names = {path.stem for path in (folder / "tables" / "substitutes").iterdir() if not path.name.startswith(".")}
    assert names == {each.key for each in calls if each.stage.table}
