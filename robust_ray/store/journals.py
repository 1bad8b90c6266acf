"""A file of the store that its one writer adds lines to, such as that of a study.

On a disk it is that file. A bucket knows no adding: there the file is a copy on this machine, fetched when it is taken
up and sent back whole by :meth:`Journal.send`.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from robust_ray.core.errors import StoreError
from robust_ray.core.identity import digest
from robust_ray.core.paths import private_folder
from robust_ray.store.filesystem import Files
from robust_ray.store.ownership import BEAT, Ownership


class Journal:
    """One such file."""

    def __init__(self, files: Files, path: str, *, beat: float = BEAT) -> None:
        """Name a journal; nothing is created.

        Args:
            files: Those of the store.
            path: In the store.
            beat: Seconds between two signs of life of its writer, in a bucket.
        """
        here = files.local(path)
        self._files = files
        self._remote = None if here else path
        self._beat = beat
        self._owner: Ownership | None = None
        self._sent = 0
        self.path = here or private_folder() / digest(files.uri) / path
        """Where it is read and added to."""

    def take_up(self) -> ExitStack:
        """Keep other writers away until what is returned is closed, and have whole lines only.

        Raises:
            StoreError: another writer is at it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            lock = held.enter_context(self.path.with_suffix(".lock").open("a+"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self._taken() from None
            if self._remote is not None:
                self._owner = self._own(self._remote, lock)
                held.callback(self._owner.give_up)
                content = self._there()
                self.path.write_bytes(content)
                self._sent = len(content)
            self._mend()
            return held.pop_all()

    def send(self) -> None:
        """Have the store know what was added since; on a disk it does already.

        Raises:
            StoreError: another writer has taken this one for dead, or the store cannot be reached.
        """
        if self._remote is None or self.path.stat().st_size == self._sent:
            return
        if self._owner is None or not self._owner.is_still():
            raise self._taken()
        content = self.path.read_bytes()
        self._files.put(self._remote, content, replace=True)
        self._sent = len(content)

    @contextmanager
    def reading(self) -> Iterator[Path | None]:
        """The file as it is now, beside whoever adds to it; None where there is none yet."""
        if self._remote is None:
            yield self.path if self.path.exists() else None
            return
        content = self._there()
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / self.path.name
            copy.write_bytes(content)
            yield copy if content else None

    def _own(self, remote: str, lock: IO[str]) -> Ownership:
        """Keep writers on other machines away, too."""
        lock.seek(0)
        owner = Ownership(self._files, remote, beat=self._beat)
        if not owner.take(dead=lock.read()):  # whoever had this lock, as the system has freed it
            raise self._taken()
        lock.truncate(0)
        lock.write(owner.name)
        lock.flush()
        return owner

    def _there(self) -> bytes:
        assert self._remote is not None  # asked of buckets alone
        return self._files.read(self._remote) if self._files.exists(self._remote) else b""

    def _mend(self) -> None:
        """Cut off a last line that a kill left half written; whoever reads lines would stumble over it."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with self.path.open("r+b") as stream:
                stream.truncate(whole)

    def _taken(self) -> StoreError:
        return StoreError(
            f"{self._files.uri}/{self._remote or self.path.name}: one driver at a time may search, but another one is "
            "at it; let it end, or stop it"
        )
