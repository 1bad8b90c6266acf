"""Quality on a clean split, from true and predicted classes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import IntArray


def accuracy(labels: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Share of right answers.

    Args:
        labels: ``(n,)`` true classes.
        predictions: ``(n,)`` predicted classes.

    Raises:
        ValueError: the lengths differ, or there is no example.
    """
    true, predicted = _classes(labels, predictions)
    return float(np.mean(true == predicted))


def precision(labels: npt.ArrayLike, predictions: npt.ArrayLike, n_labels: int) -> float | None:
    """Share of right answers among those that name the class: of class 1 for two classes, else the macro average.

    Args:
        labels: ``(n,)`` true classes in ``range(n_labels)``.
        predictions: ``(n,)`` predicted classes in ``range(n_labels)``.
        n_labels: classes of the task, whether or not all of them occur.

    Returns:
        A share, or None when two classes are told apart and class 1 was never predicted.

    Raises:
        ValueError: the lengths differ, there is no example, or a class is out of range.

    Source: the macro average is scikit-learn's: over classes that occur or are predicted, 0 for one never predicted.
    """
    matrix = _confusion(labels, predictions, n_labels)
    return _summarize(np.diag(matrix), matrix.sum(axis=0), matrix)


def recall(labels: npt.ArrayLike, predictions: npt.ArrayLike, n_labels: int) -> float | None:
    """Share of a class's examples that were found; arguments, averages and errors as for :func:`precision`.

    Returns:
        A share, or None when two classes are told apart and class 1 does not occur.
    """
    matrix = _confusion(labels, predictions, n_labels)
    return _summarize(np.diag(matrix), matrix.sum(axis=1), matrix)


def f1(labels: npt.ArrayLike, predictions: npt.ArrayLike, n_labels: int) -> float | None:
    """Harmonic mean of precision and recall, ``2 TP / (2 TP + FP + FN)``; arguments and errors as :func:`precision`.

    Returns:
        A share, or None when two classes are told apart and class 1 neither occurs nor is predicted. A student that
        has collapsed to class 0 scores 0, although it has no precision. For more classes, the mean of their F1.
    """
    matrix = _confusion(labels, predictions, n_labels)
    return _summarize(2 * np.diag(matrix), matrix.sum(axis=0) + matrix.sum(axis=1), matrix)


def matthews(labels: npt.ArrayLike, predictions: npt.ArrayLike, n_labels: int) -> float | None:
    """Matthews correlation coefficient, in [-1, 1]; arguments and errors as for :func:`precision`.

    Returns:
        The coefficient, or None when only one class occurs or only one is predicted.

    Source: Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", Computational
        Biology and Chemistry 2004; for two classes it is Matthews (1975).
    """
    matrix = _confusion(labels, predictions, n_labels)
    n = int(matrix.sum())
    occurs = [int(count) for count in matrix.sum(axis=1)]
    predicted = [int(count) for count in matrix.sum(axis=0)]
    spread = (n * n - sum(count**2 for count in occurs)) * (n * n - sum(count**2 for count in predicted))
    if spread == 0:
        return None
    shared = n * int(np.trace(matrix)) - sum(a * b for a, b in zip(occurs, predicted, strict=True))
    return shared / math.sqrt(spread)


def _classes(labels: npt.ArrayLike, predictions: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    true, predicted = np.asarray(labels, dtype=np.int64), np.asarray(predictions, dtype=np.int64)
    if true.ndim != 1 or true.shape != predicted.shape or not len(true):
        raise ValueError(
            f"labels and predictions must be equally long and not empty, got {true.shape}, {predicted.shape}"
        )
    return true, predicted


def _confusion(labels: npt.ArrayLike, predictions: npt.ArrayLike, n_labels: int) -> IntArray:
    """``(n_labels, n_labels)`` counts: row the true class, column the predicted one."""
    true, predicted = _classes(labels, predictions)
    if min(true.min(), predicted.min()) < 0 or max(true.max(), predicted.max()) >= n_labels:
        raise ValueError(f"classes must lie in range({n_labels}), got {sorted(set(true) | set(predicted))}")
    return np.bincount(true * n_labels + predicted, minlength=n_labels**2).reshape(n_labels, n_labels)


def _summarize(numerators: IntArray, denominators: IntArray, matrix: IntArray) -> float | None:
    """The ratio for class 1 of two, else the mean over the classes in use, a ratio without denominator counting 0."""
    if len(numerators) == 2:
        return float(numerators[1] / denominators[1]) if denominators[1] else None
    used = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    return float(np.mean(numerators[used] / np.maximum(denominators[used], 1)))
