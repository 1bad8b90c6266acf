"""A sweep that is disturbed, run again until everything is there, and then looked at closely."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from robust_ray.core.call import StageCall
from robust_ray.core.errors import CorruptedError
from robust_ray.core.records import Record, Verdict
from robust_ray.store import Store
from tests.faults import mischief
from tests.faults.stages import plan, said

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 200.0
"""Seconds after which a driver is taken to hang."""

MARK = "ROBUST_RAY_SCENE"
"""Environment variable that every process of a scene inherits."""

TIMED = {"seconds", "latency_p50", "latency_p95", "throughput", "peak_memory"}
"""Columns that are measured, not computed."""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class HangError(AssertionError):
    """A driver has not ended in time."""


class Study(Protocol):
    """A plan that drivers run."""

    exact: str
    """Pattern of the files of a checkpoint that are the same whoever makes them."""

    def command(self, scene: Scene) -> list[str]:
        """What Python is told in order to run what is missing; it says ``start`` when a call does."""
        ...

    def calls(self) -> list[StageCall]:
        """All of it."""
        ...

    def further(self, store: Store) -> Rows:
        """What a store must hold beside the outputs of its calls."""
        ...


class Fake:
    """Made-up models under real attacks, and a folder of mischief."""

    exact = "step-0"

    def command(self, scene: Scene) -> list[str]:
        address = [scene.address] if scene.address else []
        return ["-m", "tests.faults.driver", str(scene.folder), scene.on, *address]

    def calls(self) -> list[StageCall]:
        return plan(seconds=0.0)

    def further(self, store: Store) -> Rows:
        return {}


@dataclass
class Scene:
    """A folder with a store, a dispatcher that runs a study, and dice."""

    folder: Path
    on: str
    dice: np.random.Generator
    study: Study = field(default_factory=Fake)
    address: str | None = None
    """Of a cluster; null for a private one."""

    cluster: Any = None
    """Whose nodes may die."""

    driver: subprocess.Popen[str] | None = field(default=None, init=False)
    said: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.troubles.mkdir(parents=True)
        self.disk.mkdir()
        self.work.mkdir()

    @property
    def troubles(self) -> Path:
        """Where mischief is planted."""
        return self.folder / "troubles"

    @property
    def disk(self) -> Path:
        """On which the store lies."""
        return self.folder / "disk"

    @property
    def work(self) -> Path:
        """Where calls work, in a driver's own process or beside it."""
        return self.folder / "work"

    @property
    def store(self) -> Path:
        """The store's folder."""
        return self.disk / "store"

    def start(self) -> None:
        """Start a driver."""
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = {"PYTHONPATH": paths, "ROBUST_RAY_WORK": str(self.work), MARK: str(self.folder)}
        self.driver = subprocess.Popen(
            [sys.executable, *self.study.command(self)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def watch(self, starts: int) -> None:
        """Wait until so many calls have started, or the driver has ended."""
        assert self.driver is not None
        assert self.driver.stdout is not None
        with _alarm(self.driver):
            while starts:
                line = self.driver.stdout.readline()
                if not line:
                    return
                self.said.append(line.rstrip())
                starts -= line.startswith("start ")

    def wait(self) -> int:
        """The driver's exit status."""
        self.watch(10**9)
        assert self.driver is not None
        with _alarm(self.driver):
            return self.driver.wait()

    def finish(self, commands: int = 5) -> int:
        """Wait for the driver, and give the same command again until it succeeds; returns how often that took."""
        for again in range(commands):
            if self.wait() == 0 and not self._discard_damaged():
                return again
            self.start()
        raise AssertionError(f"{commands} commands were not enough: {self.said[-5:]}")

    def _discard_damaged(self) -> int:
        """Whoever reads an output finds what was damaged after the last call had read it; returns how many."""
        store, found = Store.open(str(self.store)), 0
        for call in self.study.calls():
            try:
                _output(store, call, self.study.exact)
            except CorruptedError:
                store.discard(call.ref)
                found += 1
        return found

    def left_running(self, seconds: float = 20.0) -> list[int]:
        """Processes of ours that outlive their driver, after a while."""
        end = time.monotonic() + seconds
        while (found := list(_marked(str(self.folder)))) and time.monotonic() < end:
            time.sleep(0.2)
        return found

    def check(self, expected: Rows) -> None:
        """See that every call has its rows once, those of an undisturbed run, and that nothing else is data.

        Only a cursed example has another row, which says so.
        """
        store, calls = Store.open(str(self.store)), self.study.calls()
        assert store.present() == {call.key for call in calls}
        for table in {call.stage.table for call in calls if call.stage.table is not None}:
            keys = sorted(call.key for call in calls if call.stage.table == table)
            loaded = store.table(table)
            assert loaded.unreadable == []
            assert loaded.table.num_rows == sum(len(expected[key]) for key in keys)
            files = sorted(path for path in (self.store / "tables" / table).iterdir() if path.suffix == ".parquet")
            assert [path.stem for path in files if not path.name.startswith(".")] == keys
        found = outputs(store, self.study)
        assert found == with_lost(expected, found, calls, mischief.cursed(self.troubles))
        assert store.table("runs").unreadable == []
        assert self.left_running() == []

    def close(self) -> None:
        """Leave nothing."""
        if self.driver is not None:
            self.driver.kill()
            self.driver.wait()
        for process in _marked(str(self.folder)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def outputs(store: Store, study: Study) -> Rows:
    """What a study has left, each call of it and beside."""
    return {**{call.key: _output(store, call, study.exact) for call in study.calls()}, **study.further(store)}


def undisturbed(study: Study, folder: Path) -> Rows:
    """What a study leaves when nothing goes wrong."""
    scene = Scene(folder, "serial", np.random.default_rng(0), study)
    scene.start()
    assert scene.finish() == 0, scene.said
    return outputs(Store.open(str(scene.store)), study)


def with_lost(expected: Rows, found: Rows, calls: Sequence[StageCall], cursed: Sequence[str]) -> Rows:
    """What is expected where calls are cursed: a row that says so, and a tally that has heard of it."""
    changed = {key: list(rows) for key, rows in expected.items()}
    for key in cursed:
        at = [row["uid"] for row in expected[key]].index(mischief.CURSED)
        lost = changed[key][at] = found[key][at]
        assert (lost["uid"], lost["verdict"]) == (mischief.CURSED, Verdict.ERROR)
        assert lost["error"].startswith("the process has died each time it came to this example, last with: the ")
    for tally in [call for call in calls if set(call.needs) & set(cursed)]:
        attacked = [row for needed in tally.needs for row in changed[needed]]
        lines = [said(row["uid"], row["verdict"], row["queries"]) for row in attacked]
        changed[tally.key] = [{**row, "substitute": line} for row, line in zip(expected[tally.key], lines, strict=True)]
    return changed


def _output(store: Store, call: StageCall, exact: str) -> list[dict[str, Any]]:
    """A call's rows without what was only timed, or the contents of its files."""
    if call.stage.table is not None:
        return [_untimed(row) for row in store.rows(call.ref)]
    return [{path.name: path.read_bytes() for path in sorted(store.checkpoint(call.key).glob(exact))}]


def _untimed(row: Record) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in TIMED}


@contextmanager
def _alarm(process: subprocess.Popen[str]) -> Iterator[None]:
    """Turn what would be an endless wait for a process into a :class:`HangError`."""

    def ring(number: int, frame: object) -> None:
        raise HangError(f"process {process.pid} has not ended within {PATIENCE:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _marked(folder: str) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)
