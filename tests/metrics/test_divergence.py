"""Agreement, divergences and calibration: known values and the laws they obey."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robust_ray.core.arrays import FloatArray
from robust_ray.metrics import (
    agreement,
    calibration_gap,
    expected_calibration_error,
    fidelity,
    js_divergence,
    kl_divergence,
)

weights = arrays(np.float64, (2, 6, 3), elements=st.floats(0, 1)).map(lambda w: w + 1e-300)


def rows(weight: FloatArray) -> FloatArray:
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


@given(weights)
def test_js_is_symmetric_and_at_most_ln_2(weight: FloatArray) -> None:
    p, q = rows(weight)
    distance = js_divergence(p, q)
    np.testing.assert_allclose(distance, js_divergence(q, p), atol=1e-12)
    assert np.all((distance >= 0) & (distance <= math.log(2) + 1e-12))


@given(weights)
def test_divergences_are_zero_between_equals_and_never_negative(weight: FloatArray) -> None:
    p, q = rows(weight)
    np.testing.assert_allclose(kl_divergence(p, p), 0.0, atol=1e-12)
    np.testing.assert_allclose(js_divergence(p, p), 0.0, atol=1e-12)
    assert np.all(kl_divergence(p, q) >= 0)


def test_known_divergences() -> None:
    np.testing.assert_allclose(kl_divergence([[1.0, 0.0]], [[0.5, 0.5]]), [math.log(2)])
    np.testing.assert_allclose(kl_divergence([[0.5, 0.5]], [[1.0, 0.0]]), [math.inf])
    np.testing.assert_allclose(js_divergence([[1.0, 0.0]], [[0.0, 1.0]]), [math.log(2)])


def test_agreement_and_fidelity() -> None:
    assert agreement([0, 1, 1, 0], [0, 1, 0, 0]) == 0.75
    assert agreement([], []) is None
    with pytest.raises(ValueError, match="equally long"):
        agreement([0], [0, 1])
    assert fidelity([True, False, True], np.array([True, None, False], dtype=object)) == 0.5
    assert fidelity([False], [False]) is None


def test_calibration_error_by_hand() -> None:
    # Two bins in use: (0.5, 0.6] with a gap of 0.6 - 0.5, (0.9, 1] with a gap of 1.0 - 0.5.
    assert expected_calibration_error([0.6, 0.6, 1.0, 1.0], [1, 0, 1, 0]) == pytest.approx(0.5 * 0.1 + 0.5 * 0.5)
    assert expected_calibration_error([1.0, 1.0], [True, True]) == 0.0
    assert expected_calibration_error([], []) is None
    with pytest.raises(ValueError, match="equally long"):
        expected_calibration_error([0.5], [])


def test_calibration_gap() -> None:
    assert calibration_gap([1.0], [True], [0.75], [True]) == pytest.approx(0.25)
    assert calibration_gap([], [], [], []) is None
