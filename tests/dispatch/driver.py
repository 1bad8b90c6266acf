"""A driver in a process of its own, to be killed: ``python -m tests.dispatch.driver serial|tune|study FOLDER``.

It says ``end`` after each attempt, so that its killer can choose the moment.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from robust_ray.core.call import StageCall
from robust_ray.dispatch import Counts, Outcome, Settings, serial
from robust_ray.store import Store
from tests.dispatch.fakes import small_plan


class Speaker:
    """Says what happens, a line each."""

    def on_start(self, call: StageCall) -> None:
        print("start", flush=True)

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        print("end", flush=True)

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        pass


def main(how: str, folder: Path) -> bool:
    """Run what is missing; whether all went well."""
    store = Store.open(str(folder))
    calls = small_plan(seconds=0.05, steps=3)
    if how == "serial":
        return serial.run(calls, store, Settings(), progress=Speaker()).ok
    if how == "tune":
        from robust_ray.dispatch import tune

        return tune.run(calls, store, Settings(), progress=Speaker()).ok
    from tests.dispatch.searching import study

    return serial.run([], store, Settings(), progress=Speaker(), feed=study(store)).ok


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], Path(sys.argv[2])) else 1)
