"""What a run says at its end."""

from __future__ import annotations

from robust_ray.dispatch.optuna import Front
from robust_ray.dispatch.proposals import Point
from robust_ray.runner import front_lines

POINT = Point("{type: dynamic_quantization}", (0.5,), (None,), {})


def test_a_front_tells_what_it_does_not_show() -> None:
    unmeasured = [f"attack-mhm-v1-{i:016x} is failed" for i in range(2)] + ["energy could not be measured"]
    assert front_lines(Front("tiny", "defects", [POINT], [])) == []
    assert front_lines(Front("tiny", "defects", [], unmeasured)) == [
        "no proposal could be measured and keeps every constraint",
        "proposals given up: 2, as attack-mhm-v1-0000000000000000 is failed",
        "proposals given up: 1, as energy could not be measured",
    ]
