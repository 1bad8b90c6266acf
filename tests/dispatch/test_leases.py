"""Two drivers on one store share the work and do next to nothing twice; one goes on where the other was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from robust_ray.dispatch import Settings, serial
from robust_ray.store import Store
from tests.dispatch.driver import shared_plan
from tests.dispatch.test_serial import assert_whole

ROOT = Path(__file__).resolve().parents[2]


def start(uri: str, machine: Path) -> subprocess.Popen[str]:
    """A driver that knows nothing of the others on this machine: it has temporary folders of its own."""
    machine.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "tests.dispatch.driver", "shared", uri],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(machine), "ROBUST_RAY_WORK": str(machine)},
    )


def spoken(driver: subprocess.Popen[str]) -> Iterator[str]:
    """What it says, as it says it."""
    assert driver.stdout is not None
    return (line.strip() for line in driver.stdout)


@pytest.mark.parametrize(("kind", "delay"), [("disk", 0.0), ("disk", 1.0), ("bucket", 0.0)])
def test_two_drivers_share_the_work(kind: str, delay: float, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    uri = str(tmp_path / "store") if kind == "disk" else request.getfixturevalue("bucket")
    store, calls = Store.open(uri), shared_plan()
    one = start(uri, tmp_path / "one")
    time.sleep(delay)
    other = start(uri, tmp_path / "other")
    said = [list(spoken(driver)) for driver in (one, other)]
    assert [driver.wait() for driver in (one, other)] == [0, 0]
    assert store.present() == {each.key for each in calls}
    rows = Counter(store.table("substitutes").table["key"].to_pylist())
    assert rows == {each.key: 3 if each.stage.name == "attack" else 1 for each in calls if each.stage.table}
    attempts = [run.key for run in store.runs()]
    assert len(calls) <= len(attempts) <= len(calls) + 2
    assert min(each.count("end") for each in said) >= 1  # how many depends on how soon the other one was up
    assert store.drivers() == []


def test_the_calls_of_a_killed_driver_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, calls = tmp_path / "store", shared_plan()
    with start(str(place), tmp_path / "one") as driver:
        words = spoken(driver)
        said = [next(words) for _ in range(7)]  # in the midst of its fourth call
        assert said.count("start") == 4
        driver.kill()
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "other"))
    store = Store.open(str(place))
    (left,) = (place / "drivers").glob("[!.]*")
    report = serial.run(calls, store, Settings(beat=0.05))
    assert report.ok
    assert not left.exists()
    assert_whole(calls, store, place)
    assert sorted(run.key for run in store.runs()) == sorted(each.key for each in calls)


def test_on_one_machine_nobody_waits_for_the_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, calls = tmp_path / "store", shared_plan()
    with start(str(place), tmp_path / "one") as driver:
        words = spoken(driver)
        assert [next(words) for _ in range(3)] == ["start", "end", "start"]
        driver.kill()
    (left,) = (place / "drivers").glob("[!.]*")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "one"))
    with Store.open(str(place)).leases(60) as leases:
        assert all(leases.claim(each.key) for each in calls)
    assert not left.exists()
