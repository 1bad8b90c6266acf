"""A plan that needs the extra says so before anything runs."""

from __future__ import annotations

import pytest

from robust_ray.compression.search import libraries, require_libraries
from robust_ray.core.errors import SweepError


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: None if name in ("z3", "numba") else object())
    wanted = (
        r"^compression 'avatar': .* but numba, z3-solver cannot be found; run pip install 'robust-ray\[distillers\]'$"
    )
    with pytest.raises(SweepError, match=wanted):
        require_libraries("compression 'avatar'")


def test_nothing_is_said_where_all_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "find_spec", lambda name: object())
    require_libraries("compression 'avatar'")
