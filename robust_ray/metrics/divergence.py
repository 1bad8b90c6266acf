"""How alike two models answer, from their answers to the same inputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import FloatArray


def agreement(teacher: npt.ArrayLike, student: npt.ArrayLike) -> float | None:
    """Share of inputs on which two predictions are the same class; None when there is no input.

    Args:
        teacher: ``(n,)`` predicted classes.
        student: ``(n,)`` predicted classes. With one model before and after a change of its input, the complement is
            the share of *prediction flips*.

    Raises:
        ValueError: the lengths differ.
    """
    first, second = np.asarray(teacher), np.asarray(student)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"predictions must be equally long, got {first.shape}, {second.shape}")
    return float(np.mean(first == second)) if len(first) else None


def fidelity(applies: npt.ArrayLike, holds: npt.ArrayLike) -> float | None:
    """Share of the inputs a relation applies to on which it holds; None when it applies to none.

    Args:
        applies: ``(n,)`` whether the relation says anything about the input.
        holds: ``(n,)`` whether it holds; read only where it applies, may be null elsewhere.
    """
    relevant = np.asarray(applies, dtype=np.bool_)
    held = np.asarray(holds)[relevant].astype(np.bool_)
    return float(np.mean(held)) if len(held) else None


def kl_divergence(p: npt.ArrayLike, q: npt.ArrayLike) -> FloatArray:
    """Kullback-Leibler divergence ``D(p || q)`` of each row, in nats.

    Args:
        p: ``(n, k)`` rows of probabilities.
        q: ``(n, k)`` rows of probabilities.

    Returns:
        ``(n,)`` divergences, at least 0; infinite where ``q`` excludes what ``p`` allows.
    """
    first, second = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(first > 0, first * (np.log(first) - np.log(second)), 0.0)
    # Rows that sum to 1 only in float32 can come out a hair below zero.
    return np.asarray(np.maximum(terms.sum(axis=1), 0.0))


def js_divergence(p: npt.ArrayLike, q: npt.ArrayLike) -> FloatArray:
    """Jensen-Shannon divergence of each row, in nats: symmetric, in [0, ln 2]; arguments as for :func:`kl_divergence`.

    Source: Lin, "Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory 1991.
    """
    first, second = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    middle = (first + second) / 2
    return (kl_divergence(first, middle) + kl_divergence(second, middle)) / 2
