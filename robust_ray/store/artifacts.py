"""Checkpoints: directories that are written once and named last.

The files of an attempt are copied first; the manifest, which names the attempt and carries a checksum per file, makes
them readable. An attempt is removed only while no manifest has ever named it, so no reader loses files under its feet.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from robust_ray.core.errors import CorruptedError, StoreError
from robust_ray.store import cache
from robust_ray.store.filesystem import Files

FOLDER = "checkpoints"
MANIFEST = "manifest.json"

_verified: set[str] = set()
"""Attempts whose checksums this process has seen to be right; an attempt never changes."""


@dataclass(frozen=True)
class FileSum:
    """What a file must be."""

    bytes: int
    """Its size."""

    sha256: str
    """Hexadecimal digest of its content."""


@dataclass(frozen=True)
class Manifest:
    """What lies at a key, and where it came from."""

    attempt: str
    """Folder, beside the manifest, that holds the files."""

    files: Mapping[str, FileSum]
    """Path within the attempt → what the file must be."""

    provenance: Mapping[str, Any]
    """Configuration, code and machine that made it."""


def manifest_path(key: str) -> str:
    """The file whose presence makes the checkpoint complete."""
    return f"{FOLDER}/{key}/{MANIFEST}"


def commit(files: Files, key: str, folder: Path, provenance: Mapping[str, Any]) -> None:
    """Copy ``folder`` into the store and name it; the first to do so at a key wins and the others leave no trace."""
    sources = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if not sources:
        raise ValueError(f"{key}: a checkpoint must hold files, but {folder} holds none")
    if files.exists(manifest_path(key)):
        return
    attempt = f"attempt-{uuid4().hex}"
    sums = {}
    try:
        for name, path in sources.items():
            sums[name] = _sum(path)
            files.upload(path, f"{FOLDER}/{key}/{attempt}/{name}")
    except StoreError:
        with suppress(StoreError):  # the disk may be full, which is no reason to fill it further
            files.remove(f"{FOLDER}/{key}/{attempt}")
        raise
    manifest = Manifest(attempt, sums, provenance)
    if not files.put(manifest_path(key), json.dumps(asdict(manifest), indent=1).encode()):
        files.remove(f"{FOLDER}/{key}/{attempt}")


def read_manifest(files: Files, key: str) -> Manifest:
    """What is known of the checkpoint at ``key``.

    Raises:
        StoreError: there is none.
        CorruptedError: it cannot be read.
    """
    content = files.read(manifest_path(key))
    try:
        document = json.loads(content)
        sums = {_inside(name): FileSum(**found) for name, found in document["files"].items()}
        return Manifest(_inside(document["attempt"]), sums, dict(document["provenance"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(key, f"its manifest is not one ({error!r})") from error


def locate(files: Files, key: str) -> Path:
    """A local directory with the checkpoint's files: in place on a disk, fetched to the cache from a bucket.

    Raises:
        StoreError: there is none.
        CorruptedError: a file is missing or is not what was committed.
    """
    manifest = read_manifest(files, key)
    place = files.local(f"{FOLDER}/{key}/{manifest.attempt}")
    if place is not None:
        _verify(key, place, manifest)
        return place
    place = cache.place_of(files.uri, key, manifest.attempt)
    if cache.hold(place):
        try:
            _verify(key, place, manifest)
            return place
        except CorruptedError:
            shutil.rmtree(place)  # the copy is damaged, which says nothing about the store
    cache.make_room(sum(file.bytes for file in manifest.files.values()))
    _fetch(files, key, manifest, place)
    _verified.discard(str(place))
    _verify(key, place, manifest)
    return place


def _fetch(files: Files, key: str, manifest: Manifest, place: Path) -> None:
    hidden = place.with_name(f".{place.name}.{uuid4().hex}")
    try:
        hidden.mkdir(parents=True)
        cache.hold(hidden)  # and go on to do so under its name
        for name in manifest.files:
            source = f"{FOLDER}/{key}/{manifest.attempt}/{name}"
            if not files.exists(source):
                raise _damaged(key, f"{name} is missing")
            files.download(source, hidden / name)
        hidden.rename(place)
    except OSError as error:
        if not cache.hold(place):  # another process has not been faster
            raise StoreError(
                f"{place.parent}: fetching a checkpoint must be possible, but got: {error}; check the disk"
            ) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _verify(key: str, place: Path, manifest: Manifest) -> None:
    for name, expected in manifest.files.items():
        path = place / name
        if not path.is_file():
            raise _damaged(key, f"{name} is missing")
        if path.stat().st_size != expected.bytes:
            raise _damaged(key, f"{name} has {path.stat().st_size} bytes instead of {expected.bytes}")
    if str(place) in _verified:
        return
    for name, expected in manifest.files.items():
        if _sum(place / name) != expected:
            raise _damaged(key, f"the checksum of {name} is wrong")
    _verified.add(str(place))


def _sum(path: Path) -> FileSum:
    with path.open("rb") as stream:
        return FileSum(path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name!r} lies outside the checkpoint")
    return name


def _damaged(key: str, what: str) -> CorruptedError:
    return CorruptedError(
        f"{key}: the checkpoint must be as committed, but got: {what}; discard it to have it made again"
    )
