"""The shares of thousands of groups, each with its 95 % interval."""

from __future__ import annotations

import numpy as np

from analysis.quotients import Quotients, interval
from robust_ray.core.arrays import BoolArray, FloatArray, IntArray
from robust_ray.metrics import wilson_interval


class Shares(Quotients):
    """How often something happened (numerators) of how often it was asked (denominators), in each group.

    An example is asked several times where several attacks or seeds meet it.
    """

    @classmethod
    def of(cls, group: IntArray, groups: int, example: IntArray, happened: BoolArray) -> Shares:
        """Count rows.

        Args:
            group: ``(n,)`` number of the group each row belongs to.
            groups: How many there are, empty ones included.
            example: ``(n,)`` number of the example it is about.
            happened: ``(n,)`` whether it happened.
        """
        return cls.summed(group, groups, example, happened, None)

    @property
    def n(self) -> IntArray:
        """``(groups,)``: rows."""
        rows: IntArray = self.denominators.sum(axis=1).astype(np.int64)
        return rows

    def intervals(self) -> FloatArray:
        """``(groups, 2)``: the ends of each share's interval; NaN where there is no share.

        Wilson's where every example occurs once, else from resampling whole examples. There it would be a point for a
        share of nothing or of everything, so that it is Wilson's, of as many trials as there are examples, too.
        """
        ends = np.full((len(self.denominators), 2), np.nan)
        for group, drawn in enumerate(self.drawn()):
            of_each, hits = self.denominators[group], self.numerators[group].sum()
            examples = int(np.count_nonzero(of_each))
            if examples == 0:
                continue
            if hits in (0, of_each.sum()):
                ends[group] = wilson_interval(examples if hits else 0, examples)
            elif of_each.max() == 1:
                ends[group] = wilson_interval(int(hits), examples)
            else:
                ends[group] = interval(drawn)
        return ends
