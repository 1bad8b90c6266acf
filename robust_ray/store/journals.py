"""A file of the store that its one writer adds lines to, such as that of a study.

On a disk it is that file. A bucket knows no adding: there the file is a copy on this machine, fetched when it is taken
up and sent back whole after each addition. Whatever is found there that was not sent from here is somebody else's.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from robust_ray.core.errors import StoreError
from robust_ray.core.identity import digest
from robust_ray.core.paths import private_folder
from robust_ray.store.filesystem import Files


class Journal:
    """One such file."""

    def __init__(self, files: Files, path: str) -> None:
        """Name a journal; nothing is created.

        Args:
            files: Those of the store.
            path: In the store.
        """
        here = files.local(path)
        self._files = files
        self._remote = None if here else path
        self._sent = b""
        self.path = here or private_folder() / digest(files.uri) / path
        """Where it is read and added to."""

    def take_up(self) -> IO[bytes]:
        """Keep other writers away until the file that is returned is closed, and have whole lines only.

        Raises:
            StoreError: another writer on this machine, or on a disk shared with it, is at it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = self.path.with_suffix(".lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise self._taken() from None
        if self._remote is not None:
            self._sent = self._there()
            self.path.write_bytes(self._sent)
        self._mend()
        return lock

    def send(self) -> None:
        """Have the store know what was added.

        Raises:
            StoreError: another writer has added to it since, or the store cannot be reached.
        """
        if self._remote is None:
            return
        if self._there() != self._sent:
            raise self._taken()
        content = self.path.read_bytes()
        self._files.put(self._remote, content, replace=True)
        self._sent = content

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
