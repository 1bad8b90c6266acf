"""A peak is of the work alone, whatever the process holds already."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch

BLOCK = 64 << 20
"""Bytes, large enough for what Python itself takes not to matter."""


def test_what_was_there_before_does_not_count() -> None:
    import torch

    from robust_ray.models.cost.memory import PeakMemory

    held = torch.ones(3 * BLOCK, dtype=torch.uint8)
    with PeakMemory("cpu") as memory:
        torch.ones(BLOCK, dtype=torch.uint8)
    assert memory.bytes is None or 0.9 * BLOCK < memory.bytes < 1.5 * BLOCK
    assert held.all()


def test_what_was_freed_and_is_taken_again_counts() -> None:
    import torch
    from torch import Tensor

    from robust_ray.models.cost.memory import PeakMemory

    def work() -> list[Tensor]:
        return [torch.ones(100_000, dtype=torch.uint8) for _ in range(BLOCK // 100_000)]

    last = work()[-1]  # above what was freed, so that the C library does not return it by itself
    with PeakMemory("cpu") as memory:
        work()
    assert memory.bytes is None or 0.9 * BLOCK < memory.bytes < 1.5 * BLOCK
    assert last.all()


def test_a_gpu_tells_what_it_has_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from robust_ray.models.cost.memory import PeakMemory

    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 700)  # other victims among it
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 1000)
    with PeakMemory("cuda") as memory:
        pass
    assert memory.bytes == 300
