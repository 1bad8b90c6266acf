"""An attempt at a stage call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import Record


@dataclass(frozen=True, kw_only=True)
class RunRecord(Record):
    """One attempt at a stage call, also a failed one."""

    table: ClassVar[str] = "runs"

    attempt: str
    """Unique to the attempt."""

    stage: str
    """Name of the stage."""

    outcome: str
    """``done`` or ``failed``."""

    started: float
    """Seconds since 1970, UTC."""

    seconds: float
    """Wall time."""

    peak_memory: int | None
    """Bytes of the process at its peak; null, as the next three, for a worker that died."""

    peak_gpu_memory: int | None
    """Bytes allocated on its GPU at the peak, warm victims and all; null without one, and with several."""

    gpu_memory: int | None
    """Bytes that GPU has."""

    max_batch_tokens: int | None
    """Padded tokens in one forward pass at most; half as many as in an attempt before that lacked memory."""

    energy: float | None
    """Joules, where the machine can tell."""

    host: str
    """Name of the machine."""

    accelerator: str
    """Model of its GPU, or of its processor."""

    git_commit: str | None
    """Commit of the code that ran, where it ran from a checkout."""

    packages: str
    """Versions of the packages that matter, JSON."""

    error: str | None
    """The last line of what went wrong."""

    traceback: str | None
    """All of it."""
