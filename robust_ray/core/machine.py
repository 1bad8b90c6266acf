"""Execution settings: where and how fast a call runs, never what it computes. None of this is in a key."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

UNKNOWN_GPU = "GPU"
"""What a GPU is called where there is none to ask."""


@dataclass
class Warm:
    """The last few things loaded (victims, above all), so that calls which share one do not load it again."""

    capacity: int = 2
    _kept: OrderedDict[str, Any] = field(default_factory=OrderedDict)

    def get(self, key: str, load: Callable[[], T]) -> T:
        """What was loaded under ``key``, loading it if need be and letting the least recently used go."""
        if key not in self._kept:
            while len(self._kept) >= self.capacity:
                self._kept.popitem(last=False)
            self._kept[key] = load()
        self._kept.move_to_end(key)
        value: T = self._kept[key]
        return value


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a stage may use while it runs."""

    device: str = "cpu"
    """A torch device: ``cpu`` or ``cuda``."""

    devices: int = 1
    """Devices a training may use at once, a process each; everything else uses the first."""

    gpu_share: float = 1.0
    """Part of the GPU's memory that is the call's; the rest is for others who hold a part of it."""

    threads: int = 1
    """CPU threads of one forward pass. Both dispatchers give a stage the same number, so that sums agree to the bit."""

    max_batch_tokens: int = 16384
    """Padded tokens in one batch at most."""

    recompute: bool = False
    """Whether a training computes its layers twice rather than keep all that they have made: the same steps in less
    memory and more time."""

    in_flight: int = 64
    """Examples attacked at once."""

    answers: Path | None = None
    """Folder on this machine's own disk where the answers of victims are remembered; None for nowhere."""

    warm: Warm = field(default_factory=Warm)
    """Loaded victims, by checkpoint key."""


@cache
def accelerator_name(*, gpu: bool) -> str:
    """The model name of this machine's first GPU, :data:`UNKNOWN_GPU` where it has none, or of its processor."""
    if gpu:
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        if not shutil.which(query[0]):
            return UNKNOWN_GPU
        found = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip().splitlines()
        return found[0] if found else UNKNOWN_GPU
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
