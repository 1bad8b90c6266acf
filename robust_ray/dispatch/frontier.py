"""Which calls wait, run, are done, failed or skipped: bookkeeping alone, no input and no output.

Every operation touches only the call it is about and its neighbours in the DAG, so thousands of calls are cheap.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from robust_ray.core.call import StageCall


class State(enum.StrEnum):
    """Where a call stands; the values name the fields of :class:`Counts`."""

    WAITING = "waiting"
    """For its inputs, or to be handed out."""

    RUNNING = "running"
    """Handed out."""

    DONE = "done"
    CACHED = "cached"
    """Complete in the store before this run."""

    FAILED = "failed"
    SKIPPED = "skipped"
    """Never tried, because something it needs failed."""


THERE = frozenset({State.DONE, State.CACHED})
HOPELESS = frozenset({State.FAILED, State.SKIPPED})


@dataclass
class Counts:
    """How many calls of one stage stand where."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    cached: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All calls of the stage."""
        return self.ended + self.waiting + self.running

    @property
    def ended(self) -> int:
        """Calls of which nothing more is expected."""
        return self.done + self.cached + self.failed + self.skipped


class Frontier:
    """The calls of a run, handed out once each, inputs before what needs them."""

    def __init__(
        self,
        calls: Iterable[StageCall] = (),
        *,
        present: Collection[str] = (),
        shape_of: Callable[[StageCall], Hashable] = lambda call: None,
    ) -> None:
        """Build from calls in an order that has inputs first.

        Args:
            calls: The calls known so far.
            present: Keys complete in the store; also consulted for calls added later.
            shape_of: What a call holds while it runs; calls of one shape are handed out in a row where possible,
                because a worker of another shape takes seconds to start.
        """
        self._present = frozenset(present)
        self._shape_of = shape_of
        self._calls: dict[str, StageCall] = {}
        self._states: dict[str, State] = {}
        self._positions: dict[str, int] = {}
        self._unmet: dict[str, set[str]] = {}
        self._dependants: dict[str, list[str]] = defaultdict(list)
        self._counts: dict[str, Counts] = {}
        self._ready: dict[tuple[Hashable, ...], list[tuple[int, str]]] = {}
        self._shapes: dict[Hashable, None] = {}
        self._last: tuple[Hashable, Hashable] = (None, None)
        self._open = 0
        self.add(calls)

    @property
    def counts(self) -> Mapping[str, Counts]:
        """By stage, in the order in which the stages were first met."""
        return self._counts

    @property
    def finished(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return self._open == 0

    def state(self, key: str) -> State:
        """Where a call stands."""
        return self._states[key]

    def ended(self, key: str) -> bool:
        """Whether nothing more is expected of a call."""
        return self._states[key] not in (State.WAITING, State.RUNNING)

    def is_there(self, key: str) -> bool:
        """Whether a call of this run has left its output, and nothing is known to be wrong with it."""
        return self._states.get(key) in THERE

    def keys(self, state: State) -> list[str]:
        """The calls in a state, in plan order."""
        return [key for key, found in self._states.items() if found is state]

    def add(self, calls: Iterable[StageCall]) -> None:
        """Join further calls; those known already stay as they are.

        Raises:
            ValueError: a call needs a key that is neither in the store nor made by a call before it.
        """
        for call in calls:
            if call.key not in self._calls:
                self._join(call)

    def next_ready(self, full: Collection[Hashable] = ()) -> StageCall | None:
        """Hand out a call whose inputs are there, or None while there is none.

        Of the shape handed out last, and of those one that reads the student read last (it is still loaded); otherwise
        the earliest of the plan.

        Args:
            full: Shapes of which no further call is wanted now.
        """
        heads = {shape: head for shape in self._shapes if shape not in full and (head := self._head(shape))}
        if not heads:
            return None
        shape = self._last[0] if self._last[0] in heads else min(heads, key=lambda shape: heads[shape])
        group = (shape, self._last[1])
        _, key = self._head(*group) or heads[shape]
        call = self._calls[key]
        self._last = (shape, call.inputs.get("student"))
        self._move(key, State.RUNNING)
        return call

    def done(self, key: str) -> None:
        """The output of a call is complete."""
        self._move(key, State.DONE)
        for dependant in self._dependants[key]:
            self._unmet[dependant].discard(key)
            self._offer(dependant)

    def failed(self, key: str) -> None:
        """A call is given up, and with it everything that needs it."""
        self._move(key, State.FAILED)
        self._skip_dependants(key)

    def retry(self, key: str) -> None:
        """Hand a call out again."""
        self._move(key, State.WAITING)
        self._offer(key)

    def requeue(self, key: str, damaged: str) -> bool:
        """Compute a damaged input of ``key`` again, then ``key``; False when no call here makes that input."""
        if damaged not in self._states:
            return False
        self._move(key, State.WAITING)
        self.recompute(damaged)
        if self._states[damaged] in HOPELESS:
            self._move(key, State.SKIPPED)
            self._skip_dependants(key)
        return True

    def recompute(self, key: str) -> None:
        """What a call had left is no longer there; whatever has not run yet waits for it again."""
        if self._states[key] not in THERE:
            return
        for dependant in self._dependants[key]:
            self._unmet[dependant].add(key)
        if self._is_hopeless(key):
            self._move(key, State.SKIPPED)
            self._skip_dependants(key)
        else:
            self.retry(key)

    def _join(self, call: StageCall) -> None:
        key, needs = call.key, set(call.needs)
        unknown = sorted(needs - self._states.keys() - self._present)
        if unknown:
            raise ValueError(f"{key}: inputs must come before what needs them, but nothing makes {unknown[0]}")
        self._calls[key] = call
        self._positions[key] = len(self._positions)
        self._unmet[key] = {needed for needed in needs if self._states.get(needed, State.CACHED) not in THERE}
        for needed in needs:
            self._dependants[needed].append(key)
        if key in self._present:
            self._move(key, State.CACHED)
        elif self._is_hopeless(key):
            self._move(key, State.SKIPPED)
        else:
            self._move(key, State.WAITING)
            self._offer(key)

    def _move(self, key: str, state: State) -> None:
        counts = self._counts.setdefault(self._calls[key].stage.name, Counts())
        before = self._states.get(key)
        if before is not None:
            setattr(counts, before, getattr(counts, before) - 1)
            self._open -= before in (State.WAITING, State.RUNNING)
        setattr(counts, state, getattr(counts, state) + 1)
        self._open += state in (State.WAITING, State.RUNNING)
        self._states[key] = state

    def _skip_dependants(self, key: str) -> None:
        pending = [key]
        while pending:
            for dependant in self._dependants[pending.pop()]:
                if self._states[dependant] is State.WAITING:
                    self._move(dependant, State.SKIPPED)
                    pending.append(dependant)

    def _is_hopeless(self, key: str) -> bool:
        """Whether something a call needs has failed, even if the call itself was made before."""
        return any(self._states.get(needed) in HOPELESS for needed in self._calls[key].needs)

    def _is_ready(self, key: str) -> bool:
        return self._states[key] is State.WAITING and not self._unmet[key]

    def _offer(self, key: str) -> None:
        """Put a call where :meth:`next_ready` looks, if it is ready."""
        if self._is_ready(key):
            shape, entry = self._shape_of(self._calls[key]), (self._positions[key], key)
            self._shapes[shape] = None
            heappush(self._ready.setdefault((shape,), []), entry)
            heappush(self._ready.setdefault((shape, self._calls[key].inputs.get("student")), []), entry)

    def _head(self, *group: Hashable) -> tuple[int, str] | None:
        """The earliest ready call of a group; what was handed out through another group is dropped on the way."""
        heap = self._ready.get(group, [])
        while heap and not self._is_ready(heap[0][1]):
            heappop(heap)
        return heap[0] if heap else None
