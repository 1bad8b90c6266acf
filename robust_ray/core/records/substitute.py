"""A name that may be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import Record


@dataclass(frozen=True, kw_only=True)
class SubstituteRecord(Record):
    """One name that may replace another."""

    table: ClassVar[str] = "substitutes"

    source: str
    """Type of the substitutes component."""

    uid: str | None
    """Example the name is offered for; null when for every example."""

    identifier: str | None
    """Name it may replace; null when any."""

    substitute: str
    """The new name."""

    rank: int
    """0 for the first choice."""

    score: float
    """What the rank was made from (occurrences, similarity …)."""
