"""Distillation: a student learns what its teacher answers, and perhaps how it gets there.

:func:`~robust_ray.compression.distillation.learning.distill` trains any network on what
:func:`~robust_ray.compression.distillation.teaching.teach` has found out.
"""

from robust_ray.compression.distillation.component import SMALL, Distillation
from robust_ray.compression.distillation.matching import Matching

__all__ = ["SMALL", "Distillation", "Matching"]
