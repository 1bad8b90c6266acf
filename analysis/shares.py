"""The shares of thousands of groups, each with its 95 % interval: one draw of the examples serves all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from robust_ray.core.arrays import BoolArray, FloatArray, IntArray
from robust_ray.core.examples import generator
from robust_ray.metrics import wilson_interval

RESAMPLES = 2000
"""Draws behind an interval."""

AT_ONCE = 500
"""Groups drawn at once: a bound to the memory that takes."""

ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Shares:
    """How often something was asked, and happened, in each group, example by example."""

    asked: FloatArray
    """``(groups, examples)``: how often; several times where several attacks or seeds meet one example."""

    happened: FloatArray
    """``(groups, examples)``: of these."""

    @classmethod
    def of(cls, group: IntArray, groups: int, example: IntArray, happened: BoolArray) -> Shares:
        """Count rows.

        Args:
            group: ``(n,)`` number of the group each row belongs to.
            groups: How many there are, empty ones included.
            example: ``(n,)`` number of the example it is about.
            happened: ``(n,)`` whether it happened.
        """
        examples = int(example.max(initial=-1)) + 1
        place = group * examples + example
        counts = (np.bincount(place, weights, groups * examples) for weights in (None, happened))
        asked, hits = (count.reshape(groups, examples).astype(np.float64) for count in counts)
        return cls(asked, hits)

    @property
    def n(self) -> IntArray:
        """``(groups,)``: rows."""
        rows: IntArray = self.asked.sum(axis=1).astype(np.int64)
        return rows

    @property
    def share(self) -> FloatArray:
        """``(groups,)``: of the rows, those where it happened; NaN where there is none."""
        return _ratio(self.happened.sum(axis=1), self.asked.sum(axis=1))

    def intervals(self) -> FloatArray:
        """``(groups, 2)``: the ends of each share's interval; NaN where there is no share.

        Wilson's where every example occurs once, else from resampling whole examples. There it would be a point for a
        share of nothing or of everything, so that it is Wilson's, of as many trials as there are examples, too.
        """
        ends = np.full((len(self.asked), 2), np.nan)
        for group, drawn in enumerate(self._drawn()):
            of_each, hits = self.asked[group], self.happened[group].sum()
            examples = int(np.count_nonzero(of_each))
            if examples == 0:
                continue
            if hits in (0, of_each.sum()):
                ends[group] = wilson_interval(examples if hits else 0, examples)
            elif of_each.max() == 1:
                ends[group] = wilson_interval(int(hits), examples)
            else:
                ends[group] = _quantiles(drawn)
        return ends

    def difference_intervals(self, first: IntArray, second: IntArray) -> FloatArray:
        """``(k, 2)``: the ends of the interval of the share of each group of ``second`` minus that of ``first``.

        An example that is in both is drawn for both.
        """
        drawn = list(self._drawn())
        return np.array([_quantiles(drawn[b] - drawn[a]) for a, b in zip(first, second, strict=True)]).reshape(-1, 2)

    def _drawn(self) -> Iterator[FloatArray]:
        """For each group ``(RESAMPLES,)`` its share among examples drawn with replacement; NaN where none is its."""
        examples = self.asked.shape[1]
        if not examples:
            yield from np.full((len(self.asked), RESAMPLES), np.nan)
            return
        chances = np.full(examples, 1 / examples)
        times = generator("analysis", "shares").multinomial(examples, chances, size=RESAMPLES).astype(np.float64)
        for start in range(0, len(self.asked), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            yield from _ratio(times @ self.happened[some].T, times @ self.asked[some].T).T


def _ratio(some: FloatArray, of: FloatArray) -> FloatArray:
    return np.divide(some, of, out=np.full_like(some, np.nan), where=of > 0)


def _quantiles(drawn: FloatArray) -> FloatArray:
    known = drawn[~np.isnan(drawn)]
    return np.quantile(known, ENDS) if len(known) else np.full(2, np.nan)
