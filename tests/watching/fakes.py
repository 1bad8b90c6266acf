"""Runs that never were, of calls that cost nothing."""

from __future__ import annotations

from robust_ray.core.call import StageCall
from robust_ray.core.records import RunRecord


def run(
    call: StageCall | str,
    seconds: float = 1.0,
    *,
    outcome: str = "done",
    started: float = 0.0,
    accelerator: str = "chip",
    error: str | None = None,
) -> RunRecord:
    """A record of an attempt."""
    key = call if isinstance(call, str) else call.key
    return RunRecord(
        key=key,
        attempt=f"{outcome}{started:g}".replace("-", "").replace(".", ""),
        stage=key.split("-", 1)[0],
        outcome=outcome,
        started=started,
        seconds=seconds,
        peak_memory=None,
        peak_gpu_memory=None,
        gpu_memory=None,
        max_batch_tokens=None,
        energy=None,
        host="node7",
        accelerator=accelerator,
        git_commit=None,
        packages="{}",
        error=error,
        traceback=None if error is None else f"Traceback (most recent call last):\n{error}",
    )
