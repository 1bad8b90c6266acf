"""How far a sweep is, as its store tells: where each call stands, and how long the rest will take."""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from robust_ray.core.call import StageCall
from robust_ray.core.records import RunRecord
from robust_ray.dispatch import Settings
from robust_ray.plan import Plan
from robust_ray.store import Attempt, Driver, Store
from robust_ray.watching.history import History

SHARED = "(shared)"
"""Calls that are about no one model, task, compression or attack."""


class Stand(enum.StrEnum):
    """Where a call stands; the values name columns."""

    STORED = "in store"
    RUNNING = "running"
    FAILED = "failed"
    BLOCKED = "blocked"
    """Something it needs failed."""

    MISSING = "missing"
    """Still to come."""


class Failed(NamedTuple):
    """A call whose attempts so far have failed."""

    key: str
    attempts: int
    last: RunRecord


@dataclass(frozen=True)
class Standing:
    """A sweep as it stands."""

    calls: Mapping[str, StageCall]
    stands: Mapping[str, Stand]
    drivers: Collection[Driver]
    failures: Collection[Failed]
    causes: Mapping[str, str]
    """Key of a blocked call → key of the failed one it needs."""

    history: History

    @property
    def running(self) -> dict[str, float]:
        """Key of each call of the sweep that runs → seconds since it began."""
        found = {key: seconds for driver in self.drivers for key, seconds in driver.running.items()}
        return {key: seconds for key, seconds in found.items() if self.stands.get(key) is Stand.RUNNING}

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return all(stand is Stand.STORED for stand in self.stands.values())


class Line(NamedTuple):
    """Some calls together."""

    name: str
    counts: Mapping[Stand, int]

    seconds: float
    """Of a worker, for those that run or are still to come, as far as it is known."""

    unknown: int
    """Calls among these of which it is not."""

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Those that run or are still to come."""
        return self.counts.get(Stand.RUNNING, 0) + self.counts.get(Stand.MISSING, 0)


def look(plan: Plan, store: Store | None) -> Standing:
    """How a plan stands in a store; where there is none, all is missing."""
    attempts = store.attempts() if store else []
    history = History.of(store, plan.calls.values(), Settings.of(plan.sweep, store, plan.calls.values()))
    present = store.present() if store else set()
    drivers = store.drivers() if store else []
    running = {key for driver in drivers for key in driver.running}
    missing = plan.calls.keys() - present
    failures = _failures([attempt for attempt in attempts if attempt.key in missing], store)
    stands, causes = _stands(plan.calls, present, running, {failure.key for failure in failures})
    still = [failure for failure in failures if stands[failure.key] is Stand.FAILED]
    return Standing(plan.calls, stands, drivers, still, causes, history)


def by_stage(standing: Standing) -> list[Line]:
    """A line a stage."""
    return _lines(standing, {key: call.stage.name for key, call in standing.calls.items()})


def by_axis(standing: Standing, axis: str) -> list[Line]:
    """A line for each model, task, compression or attack; last what several of them share."""
    named = {key: standing.history.place(key).get(axis, SHARED) for key in standing.calls}
    return sorted(_lines(standing, named), key=lambda line: line.name == SHARED)


def in_all(standing: Standing) -> Line:
    """The whole sweep."""
    (line,) = _lines(standing, dict.fromkeys(standing.calls, "all"))
    return line


def time_left(standing: Standing) -> float:
    """Seconds until the last call ends, as far as it is known: with as many at once as now, inputs before the rest."""
    running = standing.running
    chains: dict[str, float] = {}
    for key, call in standing.calls.items():
        if standing.stands[key] in (Stand.RUNNING, Stand.MISSING):
            estimate = standing.history.estimate(call)
            seconds = max(0.0, estimate.seconds - running.get(key, 0.0)) if estimate else 0.0
            chains[key] = seconds + max((chains.get(needed, 0.0) for needed in call.needs), default=0.0)
    return max([in_all(standing).seconds / max(1, len(running)), *chains.values()])


def _lines(standing: Standing, named: Mapping[str, str]) -> list[Line]:
    counts: dict[str, Counter[Stand]] = defaultdict(Counter)
    seconds, unknown = defaultdict[str, float](float), Counter[str]()
    running = standing.running
    for key, name in named.items():
        counts[name][standing.stands[key]] += 1
        if standing.stands[key] in (Stand.RUNNING, Stand.MISSING):
            estimate = standing.history.estimate(standing.calls[key])
            if estimate is None:
                unknown[name] += 1
            else:
                seconds[name] += max(0.0, estimate.seconds - running.get(key, 0.0))
    return [Line(name, found, seconds[name], unknown[name]) for name, found in counts.items()]


def _stands(
    calls: Mapping[str, StageCall], present: Collection[str], running: Collection[str], failed: Collection[str]
) -> tuple[dict[str, Stand], dict[str, str]]:
    """Where each call stands, and what blocks those that are."""
    stands: dict[str, Stand] = {}
    causes: dict[str, str] = {}
    for key, call in calls.items():  # inputs first
        hopeless = [needed for needed in call.needs if stands.get(needed) in (Stand.FAILED, Stand.BLOCKED)]
        if key in present:
            stands[key] = Stand.STORED
        elif key in running:
            stands[key] = Stand.RUNNING
        elif key in failed:
            stands[key] = Stand.FAILED
        elif hopeless:
            stands[key] = Stand.BLOCKED
            causes[key] = causes.get(hopeless[0], hopeless[0])
        else:
            stands[key] = Stand.MISSING
    return stands, causes


def _failures(attempts: Collection[Attempt], store: Store | None) -> list[Failed]:
    """Calls whose latest attempt failed: not those whose output has been put aside since, to be made again."""
    latest: dict[str, RunRecord] = {}
    for run in sorted(store.runs(attempts) if store else [], key=lambda run: run.started):
        latest[run.key] = run
    counts = Counter(attempt.key for attempt in attempts)
    return [Failed(key, counts[key], run) for key, run in latest.items() if run.outcome == "failed"]
