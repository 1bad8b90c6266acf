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


def a_seed(field_name: str, value: int) -> None:
    """Refuse what no random generator takes.

    Raises:
        SweepError: ``value`` is negative or takes more than 32 bits.
    """
    if not 0 <= value < 2**32:
        raise SweepError(f"`0 <= {field_name} < 2**32` must hold, but got {value}; correct it")
