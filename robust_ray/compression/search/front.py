"""What a search for a student is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from robust_ray.compression.student_space import StudentSpace
from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError
from robust_ray.metrics.pareto import pareto_front

Losses = Callable[[FloatArray], FloatArray]
"""Valid points ``(n, n_axes)`` → what each would cost ``(n, k)``, smaller is better. Nothing is trained to know it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Front:
    """The points that a search has found, none of which makes another needless."""

    genes: FloatArray
    """``(n, n_axes)``, every point once."""

    losses: FloatArray
    """``(n, k)``."""

    @classmethod
    def of(cls, genes: FloatArray, losses: FloatArray) -> Front:
        """What no other point dominates, the best in the first loss first.

        Args:
            genes: ``(n, n_axes)``, in which a point may stand more than once.
            losses: ``(n, k)``.
        """
        _, first = np.unique(genes, axis=0, return_index=True)
        genes, losses = genes[first], losses[first]
        is_best = pareto_front(losses)
        return cls(genes=genes[is_best], losses=losses[is_best]).in_order()

    def in_order(self) -> Front:
        """The same points by their first loss, those with the same by the next."""
        order = np.lexsort(self.losses.T[::-1])
        return Front(genes=self.genes[order], losses=self.losses[order])

    def nearest(self, space: StudentSpace, target_mb: float) -> FloatArray:
        """``(n_axes,)``: the point whose size is nearest to a target, whatever else it costs; the papers train this.

        Args:
            space: In which the points lie.
            target_mb: Megabytes; of points equally near, the first is taken.
        """
        nearest: FloatArray = self.genes[self._off(space, target_mb).argmin()]
        return nearest

    def compromise(self, space: StudentSpace, target_mb: float, within_mb: float) -> FloatArray:
        """``(n_axes,)``: of the points about as large as a target, the one nearest to the best of every loss at once.

        A front holds many points of a size, and the very nearest may be among those that are good for nothing else.

        Args:
            space: In which the points lie.
            target_mb: Megabytes.
            within_mb: How far from it a size may be; where none is as near, the nearest is taken.

        Source: Zeleny, "Compromise programming", 1973; losses are scaled to [0, 1] over the points in question.
        """
        off = self._off(space, target_mb)
        chosen = off <= max(within_mb, off.min())
        losses = self.losses[chosen] - self.losses[chosen].min(axis=0)
        widest = losses.max(axis=0)
        scaled = losses / np.where(widest > 0, widest, 1.0)
        best: FloatArray = self.genes[chosen][np.linalg.norm(scaled, axis=1).argmin()]
        return best

    def _off(self, space: StudentSpace, target_mb: float) -> FloatArray:
        """``(n,)`` megabytes from the target."""
        return np.array([abs(space.size_mb(space.student(genes)) - target_mb) for genes in self.genes])


def need_pairs(population: int) -> None:
    """Refuse a population in which nobody has a partner.

    Raises:
        SweepError: it is below two.
    """
    if population < 2:
        raise SweepError(f"`population >= 2` must hold, but got {population}; 50 is usual")
