"""A driver in a process of its own, to be killed: ``python -m tests.dispatch.driver HOW STORE``.

How: ``serial``, ``tune``, ``study`` or ``rungs`` by itself, ``shared`` beside others. It says ``end`` after each
attempt, so that its killer can choose the moment.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from robust_ray.core.call import StageCall
from robust_ray.dispatch import Counts, Outcome, Settings, serial
from robust_ray.store import Store
from tests.dispatch.fakes import small_plan

BEAT = 0.2
"""Seconds between two signs of life of drivers that share a store: one is dead after 18 times as long."""


def shared_plan() -> list[StageCall]:
    """Work for several drivers, a moment a call."""
    return small_plan(students=2, looks=8, seconds=0.15)


class Speaker:
    """Says what happens, a line each."""

    def on_start(self, call: StageCall) -> None:
        print("start", flush=True)

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        print("end", flush=True)

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        pass


def main(how: str, uri: str) -> bool:
    """Run what is missing; whether all went well."""
    store = Store.open(uri)
    calls = small_plan(seconds=0.05, steps=3)
    if how == "serial":
        return serial.run(calls, store, Settings(), progress=Speaker()).ok
    if how == "tune":
        from robust_ray.dispatch import tune

        return tune.run(calls, store, Settings(), progress=Speaker()).ok
    if how == "shared":
        return serial.run(shared_plan(), store, Settings(beat=BEAT), progress=Speaker()).ok
    from tests.dispatch.searching import RUNGS, study

    feed = study(store, rungs=RUNGS if how == "rungs" else ())
    return serial.run([], store, Settings(), progress=Speaker(), feed=feed).ok


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], sys.argv[2]) else 1)
