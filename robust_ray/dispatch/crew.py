"""The workers of a run: how many of each shape there should be, what each does next, and when one gives way.

A worker is asked for by shape and given its calls one by one, each when it is free for it: so a call goes to whoever
has its student loaded, and none waits behind another. Bookkeeping alone; who starts and ends workers does as it says.

A fresh worker costs seconds. An idle one is kept, therefore, for some minutes, after which its node may go and others
may have it; once another shape lacks the room it holds, for as long only as a fresh one would take, if what runs may
yet lead to more work for it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from robust_ray.core.call import StageCall
from robust_ray.dispatch.attempt import Outcome
from robust_ray.dispatch.base import Run
from robust_ray.dispatch.settings import Shape

PATIENCE = 8.0
"""Seconds an idle worker is kept while another shape lacks room: what a fresh one takes to start."""

DOUBT = 60.0
"""Seconds after which a worker that has room enough, and yet has not started, is taken to lack it: what is free may be
spread over several nodes."""

IDLE = 300.0
"""Seconds an idle worker is kept while nobody lacks room: what a fresh one takes to start is little beside them, and so
is what they cost."""

LATE = 300.0
"""Seconds after which a worker that has not started may never do so: nodes of a batch job come within one or two."""


@dataclass
class Worker:
    """One that was asked for."""

    shape: Shape
    """What it holds."""

    since: float
    """When it was asked for, began its call or to be idle, by the clock that never jumps; seconds."""

    is_here: bool = False
    """Whether it has started."""

    call: StageCall | None = None
    """What it is at."""


class Crew:
    """All workers asked for and not gone, by name."""

    def __init__(self, run: Run, *, room: Callable[[], Shape], most_absent: int) -> None:
        """Begin with none.

        Args:
            run: Whose calls are to be made.
            room: What all workers together may hold, as things stand.
            most_absent: Workers of one shape, at most, that are asked for before they start.
        """
        self._run = run
        self._room = room
        self._most_absent = most_absent
        self._workers: dict[str, Worker] = {}
        self._stillborn = Counter[Shape]()

    def wanted(self) -> Shape | None:
        """A shape of which one more worker would find a call ready: the one with the fewest workers."""
        wanted = [
            shape
            for shape, ready in self._run.ready().items()
            if self._spare(shape) < ready and len(self._absent(shape)) < self._most_absent
        ]
        return min(wanted, key=Counter(worker.shape for worker in self._workers.values()).__getitem__, default=None)

    def ask(self, name: str, shape: Shape) -> None:
        """A worker is asked for, and starts once there is room."""
        self._workers[name] = Worker(shape, time.monotonic())

    def needless(self) -> list[str]:
        """Workers asked for that have not started and should not any more: they would only keep others from it."""
        if self._run.finished():
            return [name for name, worker in self._workers.items() if not worker.is_here]
        ready = self._run.ready()
        surplus: list[str] = []
        for shape in {worker.shape for worker in self._workers.values()}:
            absent = self._absent(shape)
            count = self._spare(shape) - ready.get(shape, 0)
            if count > 0 and absent and self._lacking(shape):
                surplus += absent[-count:]
        return surplus

    def next(self, name: str, outcome: Outcome | None) -> StageCall | None:
        """What a worker does next, or None while there is nothing for it.

        Args:
            name: A worker that is free.
            outcome: Of its last call; None if it had none.
        """
        worker = self._workers[name]
        before = worker.call
        if before is not None and outcome is not None:
            self._run.ended(before, outcome)
        worker.call = self._run.next(name, worker.shape)
        if worker.call is not None:
            self._run.started(worker.call)
        if before or worker.call or not worker.is_here:
            worker.since = time.monotonic()
        worker.is_here = True
        self._stillborn[worker.shape] = 0
        return worker.call

    def gives_way(self, name: str) -> bool:
        """Whether an idle worker should end: because all has ended, it is of no use, or others lack what it holds."""
        if self._run.finished():
            return True
        worker = self._workers[name]
        return time.monotonic() - worker.since >= self._patience(worker.shape)

    def stranded(self) -> Shape | None:
        """A shape that has been waited for so long that it may never come, if nothing else goes on meanwhile."""
        if self._is_busy():
            return None
        absent = (worker for worker in self._workers.values() if not worker.is_here)
        return next((worker.shape for worker in absent if time.monotonic() - worker.since >= LATE), None)

    def gone(self, name: str) -> None:
        """A worker has ended, or will not start."""
        del self._workers[name]
        self._run.gone(name)

    def died(self, name: str) -> Worker:
        """A worker has ended at what it was at.

        Many may end before they start, with a node that is lost. Once more have done so than can be starting at a time,
        and none of their shape has asked for a call meanwhile, each is taken to have been at what it would have been
        given: or else workers that cannot start would be asked for without end.
        """
        worker = self._workers[name]
        if not worker.is_here:
            self._stillborn[worker.shape] += 1
            if self._stillborn[worker.shape] > self._most_absent:
                worker.call, worker.since = self._run.next(name, worker.shape), time.monotonic()
        self.gone(name)
        return worker

    def _patience(self, shape: Shape) -> float:
        """Seconds to keep an idle worker of a shape, as things stand."""
        lacking = self._lacking(shape)
        if not lacking:
            return IDLE
        if all(map(self._fits, lacking)):
            return DOUBT
        return PATIENCE if self._is_busy() else 0.0

    def _is_busy(self) -> bool:
        """Whether anybody is at a call."""
        return any(worker.call for worker in self._workers.values())

    def _absent(self, shape: Shape) -> list[str]:
        """Those that have not started."""
        return [name for name, worker in self._workers.items() if worker.shape == shape and not worker.is_here]

    def _spare(self, shape: Shape) -> int:
        """How many have no call, started or not."""
        return sum(worker.shape == shape and worker.call is None for worker in self._workers.values())

    def _lacking(self, shape: Shape) -> list[Shape]:
        """Other shapes with more calls ready than workers that are free for them, and some that have not started."""
        return [
            other
            for other, ready in self._run.ready().items()
            if other != shape and self._absent(other) and self._spare(other) - len(self._absent(other)) < ready
        ]

    def _fits(self, shape: Shape) -> bool:
        """Whether there is room for one more."""
        here = [worker.shape for worker in self._workers.values() if worker.is_here]
        room = self._room()
        return (
            sum(held.cpu for held in here) + shape.cpu <= room.cpu
            and sum(held.gpu for held in here) + shape.gpu <= room.gpu
        )
