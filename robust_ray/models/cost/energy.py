"""Joules used in a block of work, where the machine can tell.

A processor counts its own (RAPL, read through Linux's powercap; most systems let only root see it), as does an NVIDIA
GPU (NVML). The counters are the whole chip's: what others do on it at the same time is in them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import torch

POWERCAP = Path("/sys/class/powercap")
"""Where Linux shows the counters of processors."""


class Energy:
    """Joules of the device that computes: all packages of the processor, or the GPU."""

    joules: float | None = None
    """None before the block has ended, and where no counter can be read or none has moved."""

    def __init__(self, device: str) -> None:
        self._on_gpu = device != "cpu"
        self._before: Mapping[Path, int] | int | None = None

    def __enter__(self) -> Self:
        self._before = _gpu() if self._on_gpu else _packages()
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._before, int) and (after := _gpu()) is not None:
            self.joules = (after - self._before) / 1e3 or None
        elif isinstance(self._before, Mapping):
            moved = (_moved(package, before) for package, before in self._before.items())
            self.joules = sum(moved) / 1e6 or None


def _packages() -> dict[Path, int]:
    """Microjoules of each package of the processor; empty where they cannot be read."""
    try:
        folders = [folder for folder in sorted(POWERCAP.glob("intel-rapl:*")) if folder.name.count(":") == 1]
        packages = [folder for folder in folders if (folder / "name").read_text().startswith("package")]
        return {package: int((package / "energy_uj").read_text()) for package in packages}
    except OSError:
        return {}


def _moved(package: Path, before: int) -> int:
    """Microjoules since; the counter begins again at zero when it is full."""
    after = int((package / "energy_uj").read_text())
    return after - before if after >= before else after - before + int((package / "max_energy_range_uj").read_text())


def _gpu() -> int | None:
    """Millijoules of the first GPU since its driver was loaded."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    name = f"GPU-{torch.cuda.get_device_properties(0).uuid}".encode()
    device, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
    is_read = (
        nvml.nvmlInit_v2() == 0
        and nvml.nvmlDeviceGetHandleByUUID(name, ctypes.byref(device)) == 0
        and nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(millijoules)) == 0
    )
    return millijoules.value if is_read else None
