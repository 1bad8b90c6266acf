"""Bytes that a block of work takes at its peak beside what was there before, where the machine can tell."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Self

import torch


class PeakMemory:
    """What is allocated on a GPU; on a CPU what the process comes to have in use.

    Whatever else is held, a victim that is kept warm for instance, is left out: no peak depends on what ran before.
    """

    bytes: int | None = None
    """None before the block has ended, and where nobody can tell."""

    def __init__(self, device: str) -> None:
        self._on_gpu = device != "cpu"
        self._before: int | None = None

    def __enter__(self) -> Self:
        if self._on_gpu:
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated()
        else:
            _give_back()
            self._before = _high_water_mark() if _reset_high_water_mark() else None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            peak = torch.cuda.max_memory_allocated() if self._on_gpu else _high_water_mark()
            self.bytes = peak - self._before


def _give_back() -> None:
    """Return what was freed to the system, where the C library keeps it: taken again, it would not be seen."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _reset_high_water_mark() -> bool:
    """Forget the process's peak so far; False where the kernel does not let it be forgotten (Linux does)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _high_water_mark() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
