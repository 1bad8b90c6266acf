"""The file a study lives in: one driver at a time, and whole lines."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from robust_ray.core.errors import StoreError


def hold(journal: Path) -> IO[bytes]:
    """Keep other drivers away until the file is closed; they would take our open proposals for those of a dead one."""
    lock = journal.with_suffix(".lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreError(
            f"{journal}: one driver at a time may search, but another one is at it; let it end, or stop it"
        ) from None
    return lock


def mend(journal: Path) -> None:
    """Cut off a last line that a kill left half written; Optuna would refuse to read on behind it."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with journal.open("r+b") as stream:
            stream.truncate(whole)
