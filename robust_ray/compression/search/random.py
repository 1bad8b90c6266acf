"""Random search: what any other search of the same budget must beat."""

from __future__ import annotations

import numpy as np

from robust_ray.compression.search.design import at_random
from robust_ray.compression.search.front import Front, Losses
from robust_ray.compression.student_space import StudentSpace


def search(space: StudentSpace, losses: Losses, budget: int, rng: np.random.Generator) -> Front:
    """The best of so many different points drawn at random.

    Raises:
        SweepError: the space has fewer.
    """
    genes = at_random(space, budget, rng)
    return Front.of(genes, losses(genes))
