"""The bins of a calibration curve are those of the calibration error."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from robust_ray.metrics import calibration_curve, expected_calibration_error

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(ANSWERS)
def test_the_error_is_the_weighted_gap_of_the_curve(answers: list[tuple[float, bool]]) -> None:
    confidence, correct = zip(*answers, strict=True)
    curve = calibration_curve(confidence, correct)
    assert sum(each.n for each in curve) == len(answers)
    gap = sum(each.n * abs(each.confidence - each.accuracy) for each in curve) / len(answers)
    assert gap == pytest.approx(expected_calibration_error(confidence, correct), abs=1e-9)
    assert np.all(np.diff([each.confidence for each in curve]) > 0)


def test_a_curve_by_hand() -> None:
    curve = calibration_curve([0.55, 0.6, 0.95, 0.91], [True, False, True, True])
    assert [each.n for each in curve] == [2, 2]
    assert [each.confidence for each in curve] == pytest.approx([0.575, 0.93])
    assert [each.accuracy for each in curve] == [0.5, 1.0]
    assert calibration_curve([], []) == []
    with pytest.raises(ValueError, match="equally long"):
        calibration_curve([0.5], [])
