"""Who alone may write a file of a bucket, where no lock of a system reaches.

::

    <path>.<name>.owner     who wants to write it, or does; written anew while that process lives

Whoever wants to says so first and looks for others afterwards, so that of two at once at least one sees the other. A
newcomer who sees anybody alive withdraws: an owner is never turned out. As among drivers (:mod:`~.leases`) nobody's
clock is asked; alive is whose file keeps changing.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import suppress
from uuid import uuid4

from robust_ray.core.errors import StoreError
from robust_ray.store.filesystem import Files

BEAT = 15.0
"""Seconds between two signs of life."""

PATIENCE = 6
"""Beats without one after which an owner is dead: with :data:`BEAT`, one and a half minutes."""


class Ownership:
    """What one process has to do with such a file."""

    def __init__(self, files: Files, path: str, *, beat: float = BEAT) -> None:
        """Build without a trace.

        Args:
            files: Those of the store.
            path: Of the file to write.
            beat: Seconds between two signs of life, the same for all that want to write it.
        """
        self.name = uuid4().hex
        self._files = files
        self._path = path
        self._beat = beat
        self._signs = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._live, name="ownership", daemon=True)

    def take(self, dead: str) -> bool:
        """Become the owner; False where another one is alive. To find that out may take as long as patience lasts.

        Args:
            dead: Name of one that is known to be; empty for none.
        """
        if dead:
            self._files.delete(self._place(dead))
        while True:
            self._tell()
            others = self._others()
            if not others:
                self._thread.start()
                return True
            self._files.delete(self._place(self.name))
            if any(self._is_alive(name, age) for name, age in others.items()):
                return False

    def is_still(self) -> bool:
        """Whether nobody has taken this owner for dead; one who was suspended for long may be."""
        return self._files.exists(self._place(self.name))

    def give_up(self) -> None:
        """Be the owner no more."""
        self._ended.set()
        self._thread.join()
        with suppress(StoreError):  # others will take it for dead
            self._files.delete(self._place(self.name))

    def _live(self) -> None:
        while not self._ended.wait(self._beat):
            with suppress(StoreError):
                if not self.is_still():
                    return
                self._tell()

    def _tell(self) -> None:
        """Show a sign of life."""
        self._signs += 1
        says = {"host": socket.gethostname(), "pid": os.getpid(), "sign": self._signs}
        self._files.put(self._place(self.name), json.dumps(says).encode(), replace=True)

    def _others(self) -> dict[str, float]:
        """Name → how many beats that one's last sign of life is older than one's own, by the store's clock."""
        folder, _, name = self._path.rpartition("/")
        modified = {
            entry.path.removeprefix(f"{name}.").removesuffix(".owner"): entry.modified
            for entry in self._files.list(folder)
            if entry.path.startswith(f"{name}.") and entry.path.endswith(".owner")
        }
        mine = modified.pop(self.name, 0)
        return {name: (mine - each) / 1e9 / self._beat for name, each in modified.items()}

    def _is_alive(self, name: str, age: float) -> bool:
        """Watch another one until it shows a sign of life, has ended, or is dead and therefore forgotten."""
        before = self._sign(name)
        for _ in range(PATIENCE - int(max(0.0, min(age, PATIENCE)))):
            time.sleep(self._beat)
            now = self._sign(name)
            if now != before:
                return now is not None
        self._files.delete(self._place(name))
        return False

    def _sign(self, name: str) -> bytes | None:
        place = self._place(name)
        return self._files.read(place) if self._files.exists(place) else None

    def _place(self, name: str) -> str:
        return f"{self._path}.{name}.owner"
