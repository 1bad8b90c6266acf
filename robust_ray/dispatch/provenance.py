"""Which machine and which code made a row."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import resource
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import robust_ray
from robust_ray.core.machine import accelerator_name

PACKAGES = (
    *("robust-ray", "accelerate", "numpy", "optuna", "pyarrow", "ray", "textattack", "tokenizers", "torch"),
    *("transformers", "tree-sitter", "tree-sitter-c", "tree-sitter-java", "tree-sitter-python", "zstandard"),
)


class Facts(NamedTuple):
    """Where a call ran, and on what code; the same for every call of a process."""

    host: str
    accelerator: str
    git_commit: str | None
    """Commit of the code that ran, with ``-dirty`` if it was edited since; null outside a checkout."""

    packages: str
    """Versions of Python and the packages that matter, JSON."""


@cache
def facts(*, gpu: bool) -> Facts:
    """What is true of every call of this process."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Facts(socket.gethostname(), accelerator_name(gpu=gpu), _git_commit(), json.dumps(versions))


def peak_memory() -> int:
    """Bytes of this process at its peak."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux kilobytes


def _git_commit() -> str | None:
    root = Path(robust_ray.__file__).parents[1]
    if not (root / ".git").exists():  # installed: a repository further up is somebody else's
        return None
    describe = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
