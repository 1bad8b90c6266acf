"""How long calls take, as the store's own runs tell.

The nearest that ran counts: the same stage and label on the same model and task, or else the same stage and label, or
else the same stage; the median of the latest of these, on this machine's accelerator where it has run any.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from statistics import median
from typing import NamedTuple

from robust_ray.core.call import StageCall
from robust_ray.core.machine import accelerator_name
from robust_ray.core.records import RunRecord
from robust_ray.dispatch import Settings
from robust_ray.store import Store
from robust_ray.watching.axes import Place, places

RECENT = 20
"""Runs that count: what ran long ago ran other code."""

NEARNESS = ("like it", "same kind", "same stage")
"""How near a run may be to a call, nearest first; a kind is a stage and a label."""


class Estimate(NamedTuple):
    """How long a call may take."""

    seconds: float
    nearness: str
    """One of :data:`NEARNESS`."""

    accelerator: str
    """On which that was measured."""


class History:
    """Estimates for calls, from runs."""

    def __init__(
        self,
        runs: Iterable[RunRecord] = (),
        place_of: Mapping[str, Place] | None = None,
        accelerator_of: Callable[[StageCall], str] = lambda call: "",
    ) -> None:
        """Build from what is known.

        Args:
            runs: Attempts, of which those that succeeded count.
            place_of: Places of the calls that will be asked about, by key.
            accelerator_of: What this machine would run a call on.
        """
        self._place_of = place_of or {}
        self._accelerator_of = accelerator_of
        self._runs: dict[str, list[RunRecord]] = defaultdict(list)
        self._met: set[tuple[str, str]] = set()
        for run in sorted(runs, key=lambda run: run.started, reverse=True):
            if run.outcome == "done":
                place = self.place(run.key)
                self._met.add((run.stage, place.get("model", "")))
                for name in names_of(run.key, place):
                    self._runs[name].append(run)
        self._now: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._estimates: dict[tuple[str, ...], Estimate | None] = {}

    @classmethod
    def of(cls, store: Store | None, calls: Collection[StageCall], settings: Settings) -> History:
        """What a store can tell of some calls: of each kind the latest runs are read, however many there are."""
        place_of = places(calls)
        runs = _latest(store, place_of) if store else []
        return cls(runs, place_of, lambda call: accelerator_name(gpu=settings.shape_of(call).gpu > 0))

    def place(self, key: str) -> Place:
        """Where a call lies; nowhere when it was not among those announced."""
        return self._place_of.get(key, {})

    def names(self, call: StageCall) -> tuple[str, ...]:
        """What a call has in common with those that tell of it, nearest first."""
        return names_of(call.key, self.place(call.key))

    def learn(self, call: StageCall, seconds: float) -> None:
        """A call has run just now, which tells more than all that ran before."""
        for name in self.names(call):
            self._now[name].append(seconds)
        self._estimates = {}  # not cleared: a display may be reading it

    def estimate(self, call: StageCall) -> Estimate | None:
        """How long a call may take; None where not even its stage has run."""
        names, accelerator = self.names(call), self._accelerator_of(call)
        asked = (names[0], accelerator)
        if asked in (known := self._estimates):
            return known[asked]
        known[asked] = estimate = self._nearest(names, accelerator)
        return estimate

    def knows(self, call: StageCall) -> bool:
        """Whether a call of the same kind has run."""
        estimate = self.estimate(call)
        return estimate is not None and estimate.nearness != NEARNESS[-1]

    def has_met(self, call: StageCall) -> bool:
        """Whether a call of the same stage has run on the same model."""
        return (call.stage.name, self.place(call.key).get("model", "")) in self._met

    def _nearest(self, names: tuple[str, ...], accelerator: str) -> Estimate | None:
        for name, nearness in zip(names, NEARNESS, strict=True):
            if name in self._now:
                return Estimate(median(self._now[name]), nearness, accelerator)
            if name in self._runs:
                runs = self._runs[name]
                here = [run for run in runs if run.accelerator == accelerator]
                same = here or [run for run in runs if run.accelerator == runs[0].accelerator]
                return Estimate(median(run.seconds for run in same[:RECENT]), nearness, same[0].accelerator)
        return None


def kind(key: str) -> str:
    """``attack-mhm`` of ``attack-mhm-v1-…``: calls that take about as long."""
    return key.rsplit("-v", 1)[0]


def names_of(key: str, place: Place) -> tuple[str, ...]:
    """What runs have in common that tell of each other, one name for each of :data:`NEARNESS`."""
    where = " ".join(place.get(axis, "") for axis in ("model", "task"))
    return (f"{kind(key)} {where}", kind(key), key.split("-", 1)[0])


def _latest(store: Store, place_of: Mapping[str, Place]) -> list[RunRecord]:
    """The runs that can count."""
    read = []
    counts = Counter[str]()
    for attempt in sorted(store.attempts(), key=lambda attempt: attempt.modified, reverse=True):
        names = names_of(attempt.key, place_of.get(attempt.key, {}))[:2]
        if any(counts[name] < RECENT for name in names):
            read.append(attempt)
        counts.update(names)
    return store.runs(read)
