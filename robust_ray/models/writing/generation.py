"""How a summary is written: the fields of a beam search."""

from __future__ import annotations

from dataclasses import dataclass

from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Beam search; the defaults are those of CodeXGLUE's summarization pipeline."""

    beams: int = 10
    """Beginnings of a summary that are followed at a time; 1 is greedy."""

    max_new_tokens: int = 128
    """Tokens of a summary at most, its end included; longer references are cut for training."""

    length_penalty: float = 0.0
    """Power of its length that a summary's log-probability is divided by: 0 for none, 1 for the mean a token."""

    def __post_init__(self) -> None:
        at_least_one("beams", self.beams)
        if self.max_new_tokens < 2:
            raise SweepError(f"`max_new_tokens >= 2` must hold, but got {self.max_new_tokens}; 128 is usual")


GREEDY = 1
"""Beams of the search that follows the likeliest token alone."""
