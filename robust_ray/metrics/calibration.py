"""Whether a victim's confidence is its accuracy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import BoolArray, FloatArray, IntArray


class CalibrationBin(NamedTuple):
    """Examples of about the same confidence."""

    n: int
    confidence: float
    """Their mean confidence."""

    accuracy: float
    """Share of them answered right; a calibrated victim's is its confidence."""


def expected_calibration_error(confidence: npt.ArrayLike, correct: npt.ArrayLike, bins: int = 10) -> float | None:
    """Mean gap between confidence and accuracy over equal-width bins of confidence, weighted by their examples (ECE).

    Args:
        confidence: ``(n,)`` largest class probability of each example, in [0, 1].
        correct: ``(n,)`` whether the predicted class is the true one.
        bins: equal-width bins of [0, 1]; a value on an edge belongs to the bin below it.

    Returns:
        A gap in [0, 1], or None when there is no example.

    Raises:
        ValueError: the lengths differ.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
    """
    confident, right, bin_of = _binned(confidence, correct, bins)
    if not len(confident):
        return None
    gaps = np.bincount(bin_of, weights=confident - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confident))


def calibration_curve(confidence: npt.ArrayLike, correct: npt.ArrayLike, bins: int = 10) -> list[CalibrationBin]:
    """The bins that :func:`expected_calibration_error` is made of, by rising confidence, without those nothing is in.

    Arguments as there.
    """
    confident, right, bin_of = _binned(confidence, correct, bins)
    members = (np.flatnonzero(bin_of == number) for number in range(bins))
    return [
        CalibrationBin(len(rows), float(confident[rows].mean()), float(right[rows].mean()))
        for rows in members
        if len(rows)
    ]


def _binned(confidence: npt.ArrayLike, correct: npt.ArrayLike, bins: int) -> tuple[FloatArray, BoolArray, IntArray]:
    """``(n,)`` each: confidence, whether it is right, and its bin."""
    confident, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.bool_)
    if confident.ndim != 1 or confident.shape != right.shape:
        raise ValueError(f"confidence and correct must be equally long, got {confident.shape}, {right.shape}")
    edges = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    return confident, right, np.searchsorted(edges, confident, side="left")


def calibration_gap(
    teacher_confidence: npt.ArrayLike,
    teacher_correct: npt.ArrayLike,
    student_confidence: npt.ArrayLike,
    student_correct: npt.ArrayLike,
) -> float | None:
    """Distance between the expected calibration errors of teacher and student; None when there is no example.

    Arguments as for :func:`expected_calibration_error`, ``(n,)`` each.

    Source: "Calibration Alignment" of Awal, Rochan, Roy, arXiv 2511.05476, on a whole data set; reconstructed.
    """
    of_teacher = expected_calibration_error(teacher_confidence, teacher_correct)
    of_student = expected_calibration_error(student_confidence, student_correct)
    return None if of_teacher is None or of_student is None else abs(of_teacher - of_student)
