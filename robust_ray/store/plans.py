"""Plans: which keys a sweep is made of.

::

    plans/<sweep>-<hash>.json
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.core.identity import digest
from robust_ray.store.filesystem import Files

FOLDER = "plans"


def put(files: Files, sweep: str, document: Mapping[str, Any]) -> str:
    """Record a plan as the latest of a sweep; returns its name."""
    name = f"{sweep}-{digest(document)}"
    files.put(f"{FOLDER}/{name}.json", json.dumps(dict(document), indent=1).encode(), replace=True)
    return name


def found(files: Files, sweep: str | None = None) -> list[dict[str, Any]]:
    """The plans of a sweep, or of all, latest last; damaged ones are left out, and written anew by the next run."""
    entries = sorted(files.list(FOLDER), key=lambda entry: (entry.modified, entry.path))
    wanted = [entry.path for entry in entries if sweep is None or entry.path.rpartition("-")[0] == sweep]
    documents = (_read(files, f"{FOLDER}/{path}") for path in wanted)
    return [document for document in documents if document is not None]


def keys(files: Files, sweep: str) -> tuple[str, ...]:
    """Keys of the latest plan of a sweep: what it asked for before it was changed is no longer part of it.

    Raises:
        SweepError: the sweep was never run into this store.
    """
    documents = found(files, sweep)
    if not documents:
        known = {str(document["sweep"]) for document in found(files)}
        raise SweepError(f"{files.uri}: sweep {sweep!r} was never run into this store; {did_you_mean(sweep, known)}")
    return tuple(documents[-1]["keys"])


def _read(files: Files, path: str) -> dict[str, Any] | None:
    try:
        document = json.loads(files.read(path))
    except ValueError:
        return None
    return document if isinstance(document, dict) and isinstance(document.get("keys"), list) else None
