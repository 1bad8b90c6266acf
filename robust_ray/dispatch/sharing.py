"""How many calls may share a GPU, by what earlier ones took of it: pure numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable

from robust_ray.core.machine import UNKNOWN_GPU
from robust_ray.core.records import RunRecord

MARGIN = 1.2
"""Memory to hold for a call, in peaks of earlier ones: what is freed does not all fit again, and programs differ."""

OVERHEAD = 2**30
"""Bytes of a GPU that a process takes beside what torch allocates for it: CUDA's context, kernels, libraries."""

MOST = 8
"""Calls on one GPU at most: they take turns, and each has its own overhead."""

STEPS = 10_000
"""Parts in which Ray counts a GPU."""


def share(peak: int, memory: int) -> float:
    """The smallest ``1/n`` of a GPU that holds a call, rounded down as Ray counts, so that ``n`` of them fit.

    Args:
        peak: Bytes that calls of its kind have allocated at most.
        memory: Bytes of the GPU.
    """
    calls = min(MOST, int(memory / (MARGIN * peak + OVERHEAD)))
    return math.floor(STEPS / calls) / STEPS if calls > 1 else 1.0


def measured_shares(runs: Iterable[RunRecord], accelerator: str, max_batch_tokens: int) -> dict[str, float]:
    """Stage → the share of a GPU that holds every call of it seen so far; a stage that was not is missing.

    Args:
        runs: Earlier attempts, also failed ones: they needed what they had, at least.
        accelerator: Name of the GPU; :data:`~robust_ray.core.machine.UNKNOWN_GPU` (the driver's machine has none) for
            whichever of those used so far is the tightest.
        max_batch_tokens: Padded tokens in one forward pass: with another number, calls need another share.
    """
    shares: dict[str, float] = {}
    for run in runs:
        is_like = accelerator in (UNKNOWN_GPU, run.accelerator) and run.max_batch_tokens == max_batch_tokens
        if is_like and run.peak_gpu_memory and run.gpu_memory:  # one that found nothing to do says nothing
            shares[run.stage] = max(shares.get(run.stage, 0.0), share(run.peak_gpu_memory, run.gpu_memory))
    return shares
