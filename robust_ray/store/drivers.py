"""Who is at work on a store, for whoever only watches: what the drivers' own files say, and how long ago."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import NamedTuple

from robust_ray.core.errors import StoreError
from robust_ray.store.filesystem import Files
from robust_ray.store.leases import BEAT, FOLDER, PATIENCE


class Driver(NamedTuple):
    """A driver at work."""

    host: str
    pid: int

    silent: float
    """Seconds since its last sign of life, by this machine's clock."""

    running: Mapping[str, float]
    """Key of a call that a worker has begun → seconds since then."""


def drivers(files: Files) -> list[Driver]:
    """Those that have shown a sign of life lately."""
    found = []
    now = time.time()
    for entry in files.list(FOLDER):
        silent = max(0.0, now - entry.modified / 1e9) if entry.modified else 0.0
        if silent < BEAT * PATIENCE:
            try:
                says = json.loads(files.read(f"{FOLDER}/{entry.path}"))
                running = {str(key): seconds + silent for key, seconds in says["running"].items()}
                found.append(Driver(str(says["host"]), int(says["pid"]), silent, running))
            except (StoreError, ValueError, TypeError, KeyError, AttributeError):  # it has ended, or is no driver's
                continue
    return found
