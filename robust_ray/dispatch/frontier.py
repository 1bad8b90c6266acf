"""Which calls wait, run, are done, failed or skipped: bookkeeping alone, no input and no output.

Every operation touches only the call it is about and its neighbours in the DAG, so thousands of calls are cheap.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from heapq import heappop, heappush
from typing import Any, NamedTuple

from robust_ray.core.call import Ref, StageCall
from robust_ray.dispatch.states import HOPELESS, OPEN, THERE, Counts, State


class Group(NamedTuple):
    """Calls that a worker makes one after another without loading a student anew."""

    shape: Hashable
    student: tuple[Ref, ...] | None


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
            shape_of: What a call holds while it runs.
        """
        self._present = frozenset(present)
        self._shape_of = shape_of
        self._calls: dict[str, StageCall] = {}
        self._states: dict[str, State] = {}
        self._positions: dict[str, int] = {}
        self._unmet: dict[str, set[str]] = {}
        self._dependants: dict[str, list[str]] = defaultdict(list)
        self._counts: dict[str, Counts] = {}
        self._offered: dict[str, Group] = {}
        self._ready = Counter[Hashable]()
        self._heaps: dict[Hashable | Group, list[tuple[int, str]]] = defaultdict(list)
        self._groups: dict[Hashable, list[tuple[int, Group]]] = defaultdict(list)
        self._last: dict[Hashable, Group] = {}
        self._loaded = Counter[Group]()
        self._open = 0
        self.add(calls)

    @property
    def counts(self) -> Mapping[str, Counts]:
        """By stage, in the order in which the stages were first met."""
        return self._counts

    @property
    def finished(self) -> bool:
        """Whether nothing waits and nothing runs, here or elsewhere."""
        return self._open == 0

    def state(self, key: str) -> State:
        """Where a call stands."""
        return self._states[key]

    def ended(self, key: str) -> bool:
        """Whether nothing more is expected of a call."""
        return self._states[key] not in OPEN

    def is_there(self, key: str) -> bool:
        """Whether a call of this run has left its output, and nothing is known to be wrong with it."""
        return self._states.get(key) in THERE

    def keys(self, state: State) -> list[str]:
        """The calls in a state, in plan order."""
        return [key for key, found in self._states.items() if found is state]

    def causes(self) -> dict[str, str]:
        """Each skipped call with the first failed one that it needs, however far up."""
        causes: dict[str, str] = {}
        for key in self.keys(State.SKIPPED):  # inputs first, so that theirs are known
            hopeless = next(needed for needed in self._calls[key].needs if self._states.get(needed) in HOPELESS)
            causes[key] = causes.get(hopeless, hopeless)
        return causes

    def add(self, calls: Iterable[StageCall]) -> None:
        """Join further calls; those known already stay as they are.

        Raises:
            ValueError: a call needs a key that is neither in the store nor made by a call before it.
        """
        for call in calls:
            if call.key not in self._calls:
                self._join(call)

    @property
    def ready(self) -> Mapping[Any, int]:
        """Shape → calls whose inputs are there and that nobody is at."""
        return +self._ready

    def next_ready(self, worker: Hashable = None, shape: Hashable = None) -> StageCall | None:
        """Hand out a call whose inputs are there, or None while there is none.

        A worker is given what reads the student that it read last, which is still loaded there; or else the earliest of
        the plan whose student no other worker has loaded; or else, to share what work is left, the earliest.

        Args:
            worker: Who asks.
            shape: What it holds; None for whoever can hold anything, and stays with the shape it had last.
        """
        last = self._last.get(worker)
        if shape is None:
            heads = {shape: head for shape in self.ready if (head := self._head(shape))}
            if not heads:
                return None
            shape = last.shape if last and last.shape in heads else min(heads, key=lambda shape: heads[shape])
        own = self._head(last) if last and last.shape == shape else None
        head = own or self._head_of_others(shape) or self._head(shape)
        if head is None:
            return None
        _, key = head
        self._remember(worker, self._offered[key])
        self._move(key, State.RUNNING)
        return self._calls[key]

    def gone(self, worker: Hashable) -> None:
        """A worker asks no more, and what it had loaded is lost."""
        self._remember(worker, None)

    def done(self, key: str) -> None:
        """The output of a call is complete."""
        self._complete(key, State.DONE)

    def found(self, key: str) -> None:
        """The output of a call is complete, and nobody here has made it."""
        self._complete(key, State.CACHED)

    def failed(self, key: str) -> None:
        """A call is given up, and with it everything that needs it."""
        self._move(key, State.FAILED)
        self._skip_dependants(key)

    def retry(self, key: str) -> None:
        """Hand a call out again, unless what it needs has been given up meanwhile."""
        if self._is_hopeless(key):
            self._move(key, State.SKIPPED)
            self._skip_dependants(key)
        else:
            self._move(key, State.WAITING)
            self._offer(key)

    def postpone(self, key: str) -> None:
        """Another driver is at a call."""
        self._move(key, State.ELSEWHERE)

    def postponed(self) -> list[StageCall]:
        """What other drivers are at."""
        return [self._calls[key] for key in self.keys(State.ELSEWHERE)]

    def requeue(self, key: str, damaged: str) -> bool:
        """Compute a damaged input of ``key`` again, then ``key``; False when no call here makes that input."""
        if damaged not in self._states:
            return False
        self.recompute(damaged)
        self.retry(key)
        return True

    def recompute(self, key: str) -> None:
        """What a call had left is no longer there; whatever has not run yet waits for it again."""
        if self._states[key] not in THERE:
            return
        for dependant in self._dependants[key]:
            self._unmet[dependant].add(key)
            self._withdraw(dependant)
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

    def _complete(self, key: str, state: State) -> None:
        self._move(key, state)
        for dependant in self._dependants[key]:
            self._unmet[dependant].discard(key)
            self._offer(dependant)

    def _move(self, key: str, state: State) -> None:
        counts = self._counts.setdefault(self._calls[key].stage.name, Counts())
        before = self._states.get(key)
        if before is not None:
            setattr(counts, before, getattr(counts, before) - 1)
            self._open -= before in OPEN
        setattr(counts, state, getattr(counts, state) + 1)
        self._open += state in OPEN
        self._states[key] = state
        self._withdraw(key)

    def _skip_dependants(self, key: str) -> None:
        pending = [key]
        while pending:
            for dependant in self._dependants[pending.pop()]:
                if self._states[dependant] in (State.WAITING, State.ELSEWHERE):
                    self._move(dependant, State.SKIPPED)
                    pending.append(dependant)

    def _is_hopeless(self, key: str) -> bool:
        """Whether something a call needs has failed, even if the call itself was made before."""
        return any(self._states.get(needed) in HOPELESS for needed in self._calls[key].needs)

    def _offer(self, key: str) -> None:
        """Put a call where :meth:`next_ready` looks, if it is ready."""
        if self._states[key] is not State.WAITING or self._unmet[key] or key in self._offered:
            return
        call, position = self._calls[key], self._positions[key]
        group = Group(self._shape_of(call), call.inputs.get("student"))
        self._offered[key] = group
        self._ready[group.shape] += 1
        heappush(self._heaps[group.shape], (position, key))
        heappush(self._heaps[group], (position, key))
        heappush(self._groups[group.shape], (position, group))

    def _withdraw(self, key: str) -> None:
        """A call is not ready any more; in the heaps it stays until it is met there."""
        group = self._offered.pop(key, None)
        if group is not None:
            self._ready[group.shape] -= 1

    def _head(self, heap: Hashable | Group) -> tuple[int, str] | None:
        """The earliest ready call of a shape or a group."""
        entries = self._heaps[heap]
        while entries and entries[0][1] not in self._offered:
            heappop(entries)
        return entries[0] if entries else None

    def _head_of_others(self, shape: Hashable) -> tuple[int, str] | None:
        """The earliest ready call of a group that no worker has loaded."""
        entries = self._groups[shape]
        while entries:
            position, group = entries[0]
            head = self._head(group)
            if head and head[0] == position and not (group.student and self._loaded[group]):
                return head
            heappop(entries)
        return None

    def _remember(self, worker: Hashable, group: Group | None) -> None:
        """What a worker has loaded now; what it had before is for others again."""
        before = self._last.pop(worker, None)
        if group is not None:
            self._last[worker] = group
            self._loaded[group] += 1
        if before is not None:
            self._loaded[before] -= 1
            if head := self._head(before):
                heappush(self._groups[before.shape], (head[0], before))
