"""Which proposals go on."""

from __future__ import annotations

import pytest

from robust_ray.search import Reading, goes_on
from tests.search.spaces import search


def reading(robust: float, size: float, *, half: float = 0.1, hopeless: bool = False) -> Reading:
    return Reading((robust, size), {}, ((robust - half, robust + half), None), hopeless)


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([], True),
        ([(0.75, 900.0)], False),
        ([(0.55, 900.0)], True),
        ([(0.9, 1001.0)], True),
        ([(0.5, 2000.0), (0.6, 1000.0)], True),
        ([(0.61, 1000.0)], False),
    ],
    ids=["alone", "smaller and surely better", "perhaps better", "larger", "at the good end", "as large"],
)
def test_only_what_is_beaten_beyond_chance_is_stopped(others: list[tuple[float, float]], verdict: bool) -> None:
    assert goes_on(search(), reading(0.5, 1000.0), others) is verdict


def test_a_bound_broken_for_good_stops_at_once() -> None:
    assert not goes_on(search(), reading(0.5, 1000.0, hopeless=True), [])


def test_an_equal_does_not_stop() -> None:
    assert goes_on(search(), reading(0.5, 1000.0, half=0.0), [(0.5, 1000.0)])
