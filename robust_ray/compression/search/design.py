"""Which students to train first, so that the others need not be: the samples that a surrogate learns from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from robust_ray.compression.search import repair
from robust_ray.compression.student_space import StudentSpace
from robust_ray.core.arrays import FloatArray
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError

PATIENCE = 1000
"""Points in a row that may have been seen before, until a space is said to have no others."""


def at_random(space: StudentSpace, n: int, rng: np.random.Generator) -> FloatArray:
    """``(n, n_axes)`` different valid points, all equally likely.

    Raises:
        SweepError: the space has fewer.
    """
    at_least_one("n", n)
    return _first_different(n, _samples(space, rng))


def latin_hypercube(space: StudentSpace, n: int, rng: np.random.Generator) -> FloatArray:
    """Different valid points that are spread over every axis: cut into ``n`` parts, it has a point in each.

    Args:
        space: To sample.
        n: Points.
        rng: Randomness.

    Returns:
        ``(n, n_axes)``; a point that is no student gets the nearest width that is one's, and one that stands there
        already gives way to one drawn at random.

    Raises:
        SweepError: the space has fewer points.

    Source: McKay et al., Technometrics 1979; the samples of MORPH's surrogates (Panichella, ICSE 2025).
    """
    from scipy.stats.qmc import LatinHypercube

    at_least_one("n", n)
    shares = LatinHypercube(d=len(space.axes), rng=rng).random(n)
    spread = (repair.nearest(space, _at(space, row)) for row in shares)
    return _first_different(n, chain(spread, _samples(space, rng)))


def far_apart(
    space: StudentSpace, n: int, rng: np.random.Generator, *, candidates: int = 20, paper_mode: bool = False
) -> FloatArray:
    """Valid points of which each lies far from those before it: of some drawn at random, the farthest is taken.

    Args:
        space: To sample.
        n: Points.
        rng: Randomness.
        candidates: Drawn for each point.
        paper_mode: Take the distance of the genes as they are, which is hardly more than that of the vocabularies;
            by default, all axes count alike.

    Returns:
        ``(n, n_axes)``.

    Source: adaptive random initialisation of AVATAR, Shi et al., ICSE-SEIS 2024, https://arxiv.org/abs/2309.04076.
    """
    at_least_one("n", n)
    at_least_one("candidates", candidates)
    unit = np.ones(len(space.axes)) if paper_mode else np.array([axis.step * axis.count for axis in space.axes])
    points = [space.sample(rng)]
    while len(points) < n:
        drawn = np.array([space.sample(rng) for _ in range(candidates)])
        apart = np.linalg.norm((drawn[:, None] - np.array(points)[None]) / unit, axis=2)
        points.append(drawn[apart.min(axis=1).argmax()])
    return np.array(points)


def _at(space: StudentSpace, shares: FloatArray) -> FloatArray:
    """The point so far along each axis, in [0, 1)."""
    return np.array([axis.gene_at(int(share * axis.count)) for axis, share in zip(space.axes, shares, strict=True)])


def _samples(space: StudentSpace, rng: np.random.Generator) -> Iterator[FloatArray]:
    while True:
        yield space.sample(rng)


def _first_different(n: int, points: Iterable[FloatArray]) -> FloatArray:
    """``(n, n_axes)``: the first points that are not the same."""
    found: dict[tuple[float, ...], FloatArray] = {}
    seen_in_a_row = 0
    for point in points:
        is_new = found.setdefault(tuple(point), point) is point
        seen_in_a_row = 0 if is_new else seen_in_a_row + 1
        if len(found) == n:
            break
        if seen_in_a_row > PATIENCE:
            raise SweepError(f"{n} students must be in the space, but it seems to have {len(found)}; ask for fewer")
    return np.array(list(found.values()))
