"""Verdicts by one letter, and a handful of them."""

from __future__ import annotations

from robust_ray.core.records import Verdict

S, F, X, M, N, E = (
    Verdict.SUCCEEDED,
    Verdict.FAILED,
    Verdict.INVALID,
    Verdict.SKIPPED_MISPREDICTED,
    Verdict.SKIPPED_NO_TARGET,
    Verdict.ERROR,
)
VERDICTS = [S, S, F, F, F, M, N, E]
