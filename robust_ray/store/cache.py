"""Copies of a bucket's checkpoints on this machine's disk: no more than there is room for, the longest unused go first.

::

    <cache>/robust-ray/<store>/<key>/<attempt>/     changed, as a folder, when it was last asked for

A process locks what it asks for, as long as its call may read it: the system frees the lock when the process dies. What
is locked stays, even where all of it is more than there is room for; without locks (some network disks) all stays.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from robust_ray.core.identity import digest

CAPACITY = 64 << 30
"""Bytes that all copies may take."""

SHARE = 0.5
"""Of the disk that is free or the copies' own: what they may take of a small one."""

IN_USE = 8
"""Copies that a process holds on to, the last ones it asked for: a call reads a teacher, its answers and a student."""

_held: dict[tuple[int, int], int] = {}
"""Device and inode of a folder → the descriptor that holds its lock, the last one asked for last."""


def place_of(uri: str, key: str, attempt: str) -> Path:
    """Where the copy of an attempt lies, if there is one."""
    return _root() / digest(uri) / key / attempt


def hold(copy: Path) -> bool:
    """Keep a copy from being let go while this process may read it; False where there is none."""
    descriptor = _open(copy)
    if descriptor is None:
        return False
    _lock(descriptor, fcntl.LOCK_SH)
    found = os.fstat(descriptor)
    try:
        os.utime(copy)
        is_still = os.path.samestat(found, copy.stat())
    except FileNotFoundError:
        is_still = False
    if not is_still:  # it was let go while we waited
        os.close(descriptor)
        return False
    which = (found.st_dev, found.st_ino)
    _release(which)
    _held[which] = descriptor
    while len(_held) > IN_USE:
        _release(next(iter(_held)))
    return True


def make_room(size: int) -> None:
    """Let go of the copies that were asked for longest ago until there is room for another, or all are in use."""
    _root().mkdir(parents=True, exist_ok=True)
    copies = sorted(filter(None, map(_look, _root().glob("*/*/*attempt-*"))))
    taken = sum(copy.size for copy in copies)
    room = min(CAPACITY, SHARE * (taken + shutil.disk_usage(_root()).free))
    for copy in copies:
        if taken + size <= room:
            return
        if _let_go(copy.path):
            taken -= copy.size


class Copy(NamedTuple):
    """One that was there a moment ago, whole or, of a process that was killed, in part."""

    asked: int
    """When it was last asked for; nanoseconds since 1970."""

    size: int
    path: Path


def _look(path: Path) -> Copy | None:
    try:
        asked = path.stat().st_mtime_ns
        return Copy(asked, sum(file.stat().st_size for file in path.rglob("*") if file.is_file()), path)
    except FileNotFoundError:  # another process has let it go meanwhile
        return None


def _let_go(path: Path) -> bool:
    """Remove a copy unless it is in use."""
    descriptor = _open(path)
    if descriptor is None:
        return True
    try:
        is_free = _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_free:
            shutil.rmtree(path, ignore_errors=True)
        return is_free
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int | None:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        return False
    return True


def _release(which: tuple[int, int]) -> None:
    descriptor = _held.pop(which, None)
    if descriptor is not None:
        os.close(descriptor)


def _root() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "robust-ray"
