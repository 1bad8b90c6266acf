"""Sums over sums in thousands of groups, and how far two of them are apart: one draw of the examples serves all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import FloatArray, IntArray
from robust_ray.core.examples import generator

RESAMPLES = 2000
"""Draws behind an interval."""

AT_ONCE = 500
"""Groups drawn at once: a bound to the memory that takes."""

ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Quotients:
    """A sum over a sum in each group, told apart by example."""

    numerators: FloatArray
    """``(groups, examples)``"""

    denominators: FloatArray
    """``(groups, examples)``"""

    @classmethod
    def summed(
        cls,
        group: IntArray,
        groups: int,
        example: IntArray,
        numerators: npt.ArrayLike | None,
        denominators: npt.ArrayLike | None,
    ) -> Self:
        """Add up rows.

        Args:
            group: ``(n,)`` number of the group each row belongs to.
            groups: How many there are, empty ones included.
            example: ``(n,)`` number of the example it is about.
            numerators: ``(n,)``; None counts each row as one.
            denominators: ``(n,)``; None counts each row as one.
        """
        examples = int(example.max(initial=-1)) + 1
        place = group * examples + example
        sums = (np.bincount(place, weights, groups * examples) for weights in (numerators, denominators))
        above, below = (total.reshape(groups, examples).astype(np.float64) for total in sums)
        return cls(above, below)

    @property
    def values(self) -> FloatArray:
        """``(groups,)``: NaN where the denominators are 0."""
        return _quotient(self.numerators.sum(axis=1), self.denominators.sum(axis=1))

    def difference_intervals(self, first: IntArray, second: IntArray) -> FloatArray:
        """``(k, 2)``: the ends of the interval of the value of each group of ``second`` minus that of ``first``.

        An example that is in both is drawn for both.
        """
        drawn = list(self.drawn())
        ends = [interval(drawn[b] - drawn[a]) for a, b in zip(first, second, strict=True)]
        return np.array(ends).reshape(-1, 2)

    def drawn(self) -> Iterator[FloatArray]:
        """For each group ``(RESAMPLES,)`` its value among examples drawn with replacement; NaN where none is its."""
        groups, examples = self.denominators.shape
        if not examples:
            yield from np.full((groups, RESAMPLES), np.nan)
            return
        chances = np.full(examples, 1 / examples)
        times = generator("analysis", "shares").multinomial(examples, chances, size=RESAMPLES).astype(np.float64)
        for start in range(0, groups, AT_ONCE):
            some = slice(start, start + AT_ONCE)
            yield from _quotient(times @ self.numerators[some].T, times @ self.denominators[some].T).T


def interval(drawn: FloatArray) -> FloatArray:
    """``(2,)``: ends of the 95 % interval of what was drawn; NaN where nothing was."""
    known = drawn[~np.isnan(drawn)]
    return np.quantile(known, ENDS) if len(known) else np.full(2, np.nan)


def _quotient(some: FloatArray, of: FloatArray) -> FloatArray:
    return np.divide(some, of, out=np.full_like(some, np.nan), where=of > 0)
