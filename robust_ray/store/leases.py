"""Leases: which calls the drivers on one store are at, so that two of them do little twice.

::

    drivers/<name>.json     the keys one driver is at, and since when they run; written anew while it lives

One file a driver, not one a call: calls of milliseconds cost no more than those of hours, and workers have no part in
it. Before a call a driver says so and looks whether another was faster, as long as this takes a small share of its
time; a call begun in haste is named by the next sign of life. That suffices for short ones, because drivers that meet
go through the plan in orders of their own (:func:`apart`) and look for an output before they make it.

A lease is a courtesy: no store gives one to a single driver for certain. Where two do make the same output after all,
the first committed stays, and the other was work in vain.

No two clocks are compared. A driver is alive as long as its file keeps changing, and dead when it has stayed the same
for :data:`PATIENCE` signs of life of one's own; a machine that is suspended, or whose clock jumps, counts no faster. A
file not met before begins with its age, which is the difference of two modification times of the same store; should the
store's clock jump between the two, a live driver passes for dead until its next sign of life. A driver that was killed
on this machine is found dead at once: the system has freed the lock it held here.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self
from uuid import uuid4

from robust_ray.core.call import StageCall
from robust_ray.core.errors import StoreError
from robust_ray.core.identity import digest
from robust_ray.core.paths import private_folder
from robust_ray.store.filesystem import Files

FOLDER = "drivers"

BEAT = 5.0
"""Seconds between two signs of life."""

PATIENCE = 18
"""Beats without a change after which a driver is dead: with :data:`BEAT`, one and a half minutes; a client of NFS may
believe what it knows of a folder for one."""

CREDIT = 2.0
"""Seconds a driver may spend on its leases at the start, where calls are few and long (a teacher's training)."""

SHARE = 0.02
"""Further seconds it may spend on them in each second."""

_ENDING = ".json"


class Sighting(NamedTuple):
    """Another driver's file, as it was when last seen to change."""

    content: bytes

    keys: frozenset[str]
    """The calls its driver is at."""

    beat: float
    """One's own beat at which it was so first; for a driver met just now, the earlier the older its file was."""


def sight(before: Sighting | None, content: bytes, beat: float, age: float) -> Sighting:
    """What is known of a driver after another look.

    Args:
        before: What was known; None when it was not met before.
        content: Its file.
        beat: One's own beat.
        age: How many beats its file was older than one's own.
    """
    if before is not None and before.content == content:
        return before
    return Sighting(content, _keys(content), beat if before is not None else beat - max(0.0, age))


def is_alive(sighting: Sighting, beat: float) -> bool:
    """Whether a driver has shown signs of life lately."""
    return beat - sighting.beat < PATIENCE


def apart(calls: Iterable[StageCall], name: str) -> list[StageCall]:
    """Calls in an order that no driver of another name has: inputs first, those about one student together."""
    depths: dict[str, int] = {}
    ranked: list[tuple[tuple[int, str, str], StageCall]] = []
    for call in calls:
        depths[call.key] = 1 + max((depths.get(key, 0) for key in call.needs), default=0)
        about = [ref.key for ref in call.inputs.get("student", ())] or [call.key]
        ranked.append(((depths[call.key], digest([name, about]), digest([name, call.key])), call))
    return [call for _, call in sorted(ranked, key=lambda pair: pair[0])]


class Leases:
    """What this driver is at, and what others are; a context in which it is known to them.

    A store that cannot be reached keeps nobody from working: then nothing is learnt, and no one found dead.
    """

    def __init__(self, files: Files, *, beat: float = BEAT, here: Path | None = None) -> None:
        """Build without a trace; others know of this driver only within the context.

        Args:
            files: Those of the store.
            beat: Seconds between two signs of life, the same for all drivers of a store.
            here: Folder for the locks of this machine's drivers; None for one in the system's temporary folder.
        """
        self.name = uuid4().hex
        self.beats = 0
        """Signs of life so far; what is known of others changes with them."""
        self.has_met = False
        """Whether there has been another driver within the context."""
        self._files = files
        self._beat = beat
        self._here = here or private_folder() / FOLDER
        self._mine: Mapping[str, float | None] = {}  # replaced, never changed: two threads read it
        self._others: dict[str, Sighting] = {}
        self._told = 0
        self._began = time.monotonic()
        self._spent = 0.0
        self._exchange = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._live, name="leases", daemon=True)
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._here.mkdir(parents=True, exist_ok=True)
        self._lock = (self._here / self.name).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with suppress(StoreError):
            self._tell()
            self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        with suppress(StoreError):
            self._files.delete(_path(self.name))
        (self._here / self.name).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def is_elsewhere(self, key: str) -> bool:
        """Whether another driver was at a call when last looked."""
        return any(key in other.keys for other in self._others.values())

    def claim(self, key: str) -> bool:
        """Be at a call from now on; False where another driver is."""
        if self.is_elsewhere(key):
            return False
        self._mine = {**self._mine, key: None}
        began = time.monotonic()
        if self._spent > CREDIT + SHARE * (began - self._began):
            return True
        is_first = self._is_first(key)
        self._spent += time.monotonic() - began
        if not is_first:
            self.release(key)
        return is_first

    def begin(self, key: str) -> None:
        """A worker has begun a call."""
        self._mine = {**self._mine, key: time.monotonic()}

    def release(self, key: str) -> None:
        """Be no longer at a call."""
        self._mine = {mine: began for mine, began in self._mine.items() if mine != key}

    def wait(self) -> None:
        """Until something new may be known."""
        time.sleep(self._beat)

    def _is_first(self, key: str) -> bool:
        """Say to be at a call, and whether no other driver has said so: of two that begin at once, one goes on."""
        with self._exchange, suppress(StoreError):
            self._look()
            if self.is_elsewhere(key):
                return False
            self._tell()
            self._look()
            return not any(key in other.keys for name, other in self._others.items() if name < self.name)
        return True

    def _live(self) -> None:
        while not self._ended.wait(self._beat):
            with self._exchange, suppress(StoreError):
                self._tell()
                self._look()
                self.beats += 1

    def _tell(self) -> None:
        """Show a sign of life."""
        self._told += 1
        mine, now = self._mine, time.monotonic()
        says = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "sign": self._told,
            "keys": sorted(mine),
            "running": {key: round(now - began) for key, began in mine.items() if began is not None},  # seconds
        }
        self._files.put(_path(self.name), json.dumps(says, indent=1).encode(), replace=True)

    def _look(self) -> None:
        """Learn what the others are at, and forget the dead."""
        entries = self._files.list(FOLDER)
        modified = {entry.path.removesuffix(_ENDING): entry.modified for entry in entries}
        alive: dict[str, Sighting] = {}
        for name in modified.keys() - {self.name}:
            try:
                content = self._files.read(_path(name))
            except StoreError:  # it has ended meanwhile
                continue
            age = (modified.get(self.name, 0) - modified[name]) / 1e9 / self._beat
            sighting = sight(self._others.get(name), content, self.beats, age)
            if is_alive(sighting, self.beats) and not self._has_died_here(name):
                alive[name] = sighting
            else:
                self._files.delete(_path(name))
                (self._here / name).unlink(missing_ok=True)
        self._others = alive
        self.has_met |= bool(alive)

    def _has_died_here(self, name: str) -> bool:
        """Whether a driver is known to have been on this machine and to be dead."""
        try:
            with (self._here / name).open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:  # of another machine, or it lives and holds the lock
            return False
        return True


def _keys(content: bytes) -> frozenset[str]:
    """The calls a driver's file names; none where it is not one."""
    try:
        return frozenset(map(str, json.loads(content)["keys"]))
    except (ValueError, TypeError, KeyError):
        return frozenset()


def _path(name: str) -> str:
    return f"{FOLDER}/{name}{_ENDING}"
