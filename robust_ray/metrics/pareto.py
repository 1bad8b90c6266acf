"""Several objectives at once: which points nothing beats, and how much the best of them cover. Smaller is better."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import BoolArray, FloatArray


def pareto_front(losses: npt.ArrayLike) -> BoolArray:
    """Which points are not dominated: no other point is at least as good everywhere and better somewhere.

    Args:
        losses: ``(n, k)``, smaller is better; negate what is to be maximized. Equal points do not dominate each other.

    Returns:
        ``(n,)`` mask.

    Raises:
        ValueError: not a matrix, or a value is NaN.
    """
    points = _points(losses)
    front = np.empty(len(points), dtype=np.bool_)
    for i, point in enumerate(points):
        front[i] = not np.any((points <= point).all(axis=1) & (points < point).any(axis=1))
    return front


def hypervolume(losses: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Volume of what the points dominate, up to a reference point; exact for any number of objectives.

    Args:
        losses: ``(n, k)``, smaller is better.
        reference: ``(k,)``, the worst that is still of interest; points not better in every objective add nothing.

    Returns:
        The volume, in the product of the objectives' units; 0 for no points. Time grows as ``n ** k``.

    Raises:
        ValueError: the shapes do not fit, or a value is NaN.

    Source: While et al., "A faster algorithm for calculating hypervolume", IEEE TEC 2006 (slicing objectives).
    """
    points, corner = _points(losses), np.asarray(reference, dtype=np.float64)
    if corner.shape != points.shape[1:] or np.isnan(corner).any():
        raise ValueError(f"the reference must be {points.shape[1]} numbers, got {corner!r}")
    return _volume(points[(points < corner).all(axis=1)], corner)


def _volume(points: FloatArray, corner: FloatArray) -> float:
    """Sum over slices along the last objective: a slice's depth times the volume its points cover in the others."""
    if not len(points):
        return 0.0
    if len(corner) == 1:
        return float(corner[0] - points.min())
    points = points[np.argsort(points[:, -1])]
    depths = np.diff(points[:, -1], append=corner[-1])
    return sum(float(depth) * _volume(points[: i + 1, :-1], corner[:-1]) for i, depth in enumerate(depths) if depth > 0)


def _points(losses: npt.ArrayLike) -> FloatArray:
    points = np.asarray(losses, dtype=np.float64)
    if points.ndim != 2 or np.isnan(points).any():
        raise ValueError(f"losses must be an (n, k) matrix without NaN, got {points.shape}")
    return points
