"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path


def user_path(text: str) -> Path:
    """``~`` and ``~name`` made a home folder; what names nobody's stays as it is, and is then not found."""
    return Path(os.path.expanduser(text))  # noqa: PTH111  # Path.expanduser ends in a RuntimeError there
