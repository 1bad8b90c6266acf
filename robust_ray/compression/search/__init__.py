"""Searches for a student: pure functions of a space, of what students cost, and of the dice; nothing is trained here.

What must be trained is asked for first, as a *design* of points; surrogates learn from what became of them.
"""

from robust_ray.compression.search import archive, design, evolution, genetic, random, smt, surrogates
from robust_ray.compression.search.front import Front, Losses
from robust_ray.compression.search.libraries import require_libraries
from robust_ray.compression.search.objectives import avatar_losses, morph_losses
from robust_ray.compression.search.surrogates import Prediction

__all__ = [
    "Front",
    "Losses",
    "Prediction",
    "archive",
    "avatar_losses",
    "design",
    "evolution",
    "genetic",
    "morph_losses",
    "random",
    "require_libraries",
    "smt",
    "surrogates",
]
