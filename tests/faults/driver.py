"""A driver in a process of its own, to be disturbed.

``python -m tests.faults.driver FOLDER serial|unlimited|ray [ADDRESS]``: on one process, in which nothing has a time
limit if need be, or on a Ray cluster.

It does what the command line does around a run: it trusts nothing that was damaged since, says a mistake or a store
out of reach in one sentence, and ends with status 0 only if everything is there. It says when a call starts, so that
its killer can choose the moment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from robust_ray.core.call import StageCall
from robust_ray.core.errors import RobustRayError
from robust_ray.dispatch import Counts, Outcome, Report, Settings, serial
from robust_ray.store import Store
from tests.faults.stages import plan

LIMIT = 8.0
"""Seconds an attack may take: usually it takes a tenth of one, but more where the machine is busy."""


class Speaker:
    """Says what happens, a line each."""

    def on_start(self, call: StageCall) -> None:
        print("start", call.key, flush=True)

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        print("end", call.key, outcome.error or "", flush=True)

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        pass


def run(folder: Path, on: str, address: str | None) -> Report:
    """Run what is missing."""
    troubles = str(folder / "troubles")
    calls = plan(troubles)
    store = Store.open(str(folder / "disk" / "store"))
    present = store.present()
    for ref in store.damaged([call.ref for call in calls if call.key in present]):
        store.discard(ref)
    settings = Settings(time_limits={} if on == "unlimited" else {"attack": LIMIT})
    if on != "ray":
        return serial.run(calls, store, settings, progress=Speaker())
    from robust_ray.dispatch import tune

    return tune.run(calls, store, settings, progress=Speaker(), address=address)


def told(run: Callable[[], Report]) -> int:
    """The exit status of a run, whose end is said."""
    try:
        report = run()
    except (RobustRayError, OSError) as error:
        print("stopped", error, flush=True)
        return 2
    for failure in report.failures:
        print("failed", failure.key, failure.error, flush=True)
    return 0 if report.ok else 1


def main(folder: str, on: str, address: str | None = None) -> int:
    """The exit status."""
    return told(lambda: run(Path(folder), on, address))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
