"""Answers on disk: what one process of a machine has computed, no other computes again.

It only ever saves time. Nothing of it is in a key or a row, and a cache that is broken, locked or on a full disk is
given up with one line in the log.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import zlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from robust_ray.core.arrays import FloatArray

T = TypeVar("T")

FILE = "answers-1.sqlite3"
"""Another layout is another file."""

CHUNK = 500
"""Keys in one statement: SQLite allows 999 at least."""

_log = logging.getLogger(__name__)


@dataclass
class AnswerCache:
    """The answers of one victim, in a file shared by all victims and processes of a machine.

    One thread at a time may use it. Its size is bounded: of more than ``capacity`` answers the oldest are forgotten,
    and their room in the file is used again.
    """

    folder: Path
    """Where the file lies: on a disk of this machine, as SQLite's log cannot be shared over a network."""

    victim: str
    """Whatever an answer depends on beside its input: checkpoint and precision."""

    capacity: int = 5_000_000
    """Answers kept; one takes about 100 bytes."""

    patience: float = 5.0
    """Seconds to wait for another process to finish writing."""

    _connection: sqlite3.Connection | None = None
    _is_broken: bool = False
    _key: bytes = field(init=False)

    def __post_init__(self) -> None:
        self._key = hashlib.blake2b(self.victim.encode(), digest_size=32).digest()

    def get(self, ids: Sequence[Hashable]) -> list[FloatArray | None]:
        """The ``(n_labels,)`` probabilities for each input, None where they are not known."""
        keys = [self._digest(each) for each in ids]
        found = self._attempt(lambda connection: _select(connection, keys)) or {}
        return [_unpack(key, found[key]) if key in found else None for key in keys]

    def put(self, ids: Sequence[Hashable], probabilities: FloatArray) -> None:
        """Keep ``(n, n_labels)`` probabilities; rows that are not finite numbers are left out."""
        keys = [self._digest(each) for each in ids]
        rows = [(key, _pack(key, row)) for key, row in zip(keys, probabilities, strict=True) if np.isfinite(row).all()]
        self._attempt(lambda connection: _insert(connection, rows, self.capacity))

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _digest(self, ids: Hashable) -> bytes:
        return hashlib.blake2b(repr(ids).encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()

    def _attempt(self, action: Callable[[sqlite3.Connection], T]) -> T | None:
        """The result, or None because the cache does not work, now or ever since."""
        if self._is_broken:
            return None
        try:
            if self._connection is None:
                self._connection = _connect(self.folder, self.patience)
            with self._connection:
                return action(self._connection)
        except (sqlite3.Error, OSError) as error:
            _log.warning("answers are not kept in %s: %s", self.folder, error)
            self._is_broken = True
            return None


def _connect(folder: Path, patience: float) -> sqlite3.Connection:
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / FILE, timeout=patience, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")  # a power cut may cost the cache, which costs time
    connection.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB UNIQUE NOT NULL, answer BLOB NOT NULL)")
    return connection


def _select(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        holes = ",".join("?" * len(some))
        found.update(connection.execute(f"SELECT key, answer FROM answers WHERE key IN ({holes})", some))
    return found


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]], capacity: int) -> None:
    """Add at the end and drop at the start: row numbers rise with age."""
    connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)
    connection.execute("DELETE FROM answers WHERE rowid <= (SELECT max(rowid) FROM answers) - ?", (capacity,))


def _pack(key: bytes, row: FloatArray) -> bytes:
    """The numbers and a checksum of them and their key: a disk may lie."""
    numbers = np.ascontiguousarray(row, dtype=np.float64).tobytes()
    return numbers + zlib.crc32(key + numbers).to_bytes(4, "little")


def _unpack(key: bytes, answer: bytes) -> FloatArray | None:
    numbers, checksum = answer[:-4], answer[-4:]
    if zlib.crc32(key + numbers).to_bytes(4, "little") != checksum:
        return None
    return np.frombuffer(numbers, dtype=np.float64)
