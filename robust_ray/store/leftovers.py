"""What interrupted uploads leave: attempts at a checkpoint that no manifest names.

Whoever is killed on the way to its manifest leaves files that nobody reads. They may be those of a driver at work, too,
so that only what has not grown for :data:`OLD` is removed, in the time of the store itself: behind its newest file.
What a manifest in quarantine names stays, for it was readable once and somebody may be reading it.
"""

from __future__ import annotations

import json
from collections import defaultdict

from robust_ray.store import parts
from robust_ray.store.artifacts import FOLDER, MANIFEST
from robust_ray.store.filesystem import Files

OLD = 24 * 3600
"""Seconds that no upload of a file takes."""

QUARANTINE = "quarantine"


def clear(files: Files) -> int:
    """Remove what can be nobody's any more; returns how many attempts."""
    listed = files.list(FOLDER, recursive=True)
    newest = max((entry.modified for entry in (*listed, *files.list(parts.FOLDER, recursive=True))), default=0)
    grown: dict[str, dict[str, int]] = defaultdict(dict)
    for path, modified in listed:
        key, _, rest = path.partition("/")
        attempt, inside, _ = rest.partition("/")
        if inside:
            grown[key][attempt] = max(modified, grown[key].get(attempt, 0))
    cleared = 0
    for key, attempts in grown.items():
        old = {attempt for attempt, modified in attempts.items() if 0 < modified < newest - OLD * 10**9}
        named = _named(files, key) if old else None
        for attempt in old - named if named is not None else ():
            files.remove(f"{FOLDER}/{key}/{attempt}")
            cleared += 1
    return cleared


def _named(files: Files, key: str) -> set[str] | None:
    """The attempts at a key that a manifest names or has named; None where one cannot be read."""
    current, aside = f"{FOLDER}/{key}/{MANIFEST}", f"{QUARANTINE}/{FOLDER}/{key}"
    paths = [*([current] if files.exists(current) else ()), *(f"{aside}/{entry.path}" for entry in files.list(aside))]
    try:
        return {str(json.loads(files.read(path))["attempt"]) for path in paths}
    except (ValueError, TypeError, KeyError):
        return None
