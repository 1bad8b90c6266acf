"""Checks that many components make of their fields."""

from __future__ import annotations

from robust_ray.core.errors import SweepError


def at_least_one(field_name: str, value: int) -> None:
    """Refuse a count below one.

    Raises:
        SweepError: ``value`` is zero or negative.
    """
    if value < 1:
        raise SweepError(f"`{field_name} >= 1` must hold, but got {value}; give a positive whole number")
