"""Paths as users write them, and the one place on a machine that is this user's alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from robust_ray.core.errors import StoreError


def user_path(text: str) -> Path:
    """``~`` and ``~name`` made a home folder; what names nobody's stays as it is, and is then not found."""
    return Path(os.path.expanduser(text))  # noqa: PTH111  # Path.expanduser ends in a RuntimeError there


def private_folder(parent: str | None = None) -> Path:
    """This user's folder on this machine, shared by all its processes and closed to everybody else.

    Args:
        parent: Where it lies; None for the system's temporary folder, in which anybody may have made it before us.

    Raises:
        StoreError: somebody else's lies there.
    """
    folder = Path(parent or tempfile.gettempdir()) / f"robust-ray-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.lstat().st_uid
    if folder.is_symlink() or owner != os.getuid():
        raise StoreError(
            f"{folder}: a folder of the user {os.getuid()} must lie here, but it is a link or belongs to {owner}; "
            "remove it, or set TMPDIR to a folder of your own"
        )
    folder.chmod(0o700)
    return folder
