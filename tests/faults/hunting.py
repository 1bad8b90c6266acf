"""A search as a study of a scene, and a driver at it: ``python -m tests.faults.hunting FOLDER``.

With one proposal at a time it proposes the same whatever happens, so that what is left can be compared.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from robust_ray.core.call import Inputs, StageCall
from robust_ray.core.component import outside_key
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record
from robust_ray.dispatch import Counts, Outcome, Report, Settings, serial
from robust_ray.dispatch.study import OpenStudy
from robust_ray.store import Store
from tests.dispatch.fakes import Look
from tests.dispatch.searching import study
from tests.faults import mischief
from tests.faults.driver import LIMIT, Speaker, told
from tests.faults.scene import Rows, Scene
from tests.faults.stages import Learn

TRIALS = 10


@dataclass(frozen=True, kw_only=True)
class Peek(Look):
    """A look in which something may go wrong."""

    folder: str = outside_key("")

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        mischief.suffer(self.folder, key)
        return super().run(key, inputs, workdir, machine)


class Hunt:
    """A search whose every proposal is a student and looks at it."""

    exact = "step-0"

    def command(self, scene: Scene) -> list[str]:
        return ["-m", "tests.faults.hunting", str(scene.folder)]

    def calls(self) -> list[StageCall]:
        return self._calls

    def further(self, store: Store) -> Rows:
        """What the study has come to; that of proposals that have not ended is not all there."""
        found = hunt(store, "")
        found.close()
        trials = found.study.trials
        return {"study": [{**trial.params, "values": trial.values, "state": trial.state.name} for trial in trials]}

    @cached_property
    def _calls(self) -> list[StageCall]:
        made = Made()
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(folder)
            assert serial.run([], store, Settings(), progress=made, feed=hunt(store, "")).ok
        return made.calls


class Made:
    """Remembers what was made."""

    def __init__(self) -> None:
        self.calls: list[StageCall] = []

    def on_start(self, call: StageCall) -> None:
        self.calls.append(call)

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        pass

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        pass


def hunt(store: Store, folder: str) -> OpenStudy:
    """The search of a store, with a folder of mischief."""
    make, look = partial(Learn, steps=2, seconds=0.02, folder=folder), partial(Peek, seconds=0.02, folder=folder)
    return study(store, make=make, look=look, trials=TRIALS)


def run(folder: Path) -> Report:
    """Take up the search, or begin it."""
    store = Store.open(str(folder / "disk" / "store"))
    feed = hunt(store, str(folder / "troubles"))
    return serial.run([], store, Settings(time_limits={"attack": LIMIT}), progress=Speaker(), feed=feed)


def main(folder: str) -> int:
    """The exit status."""
    return told(lambda: run(Path(folder)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
