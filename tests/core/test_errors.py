"""Mistakes a user can mend."""

from __future__ import annotations

import pytest

from robust_ray.core import errors
from robust_ray.core.errors import RobustRayError, did_you_mean


def test_every_error_is_ours() -> None:
    ours = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(ours) >= 6
    assert all(issubclass(error, RobustRayError) for error in ours)


@pytest.mark.parametrize(
    ("word", "known", "clause"),
    [
        ("alrt", ["mhm", "alert"], "did you mean 'alert'? (known: alert, mhm)"),
        ("zebra", ["mhm", "alert"], "(known: alert, mhm)"),
        ("x", [], "(known: none)"),
    ],
)
def test_suggestions(word: str, known: list[str], clause: str) -> None:
    assert did_you_mean(word, known) == clause
