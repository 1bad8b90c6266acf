"""What AVATAR and MORPH weigh against one another; all of it known without training, since surrogates say the rest."""

from __future__ import annotations

import numpy as np

from robust_ray.compression.search.front import Losses
from robust_ray.compression.search.surrogates import Prediction
from robust_ray.compression.student_space import StudentSpace
from robust_ray.core.arrays import FloatArray


def avatar_losses(space: StudentSpace, target_mb: float, accuracy: Prediction) -> Losses:
    """AVATAR's three: megabytes off the target, share of wrong answers, billions of operations."""

    def losses(genes: FloatArray) -> FloatArray:
        sizes, operations = _costs(space, genes)
        return np.column_stack([np.abs(sizes - target_mb), 1 - accuracy(genes), operations])

    return losses


def morph_losses(space: StudentSpace, accuracy: Prediction, flips: Prediction) -> Losses:
    """MORPH's four: megabytes, flips, billions of operations, share of wrong answers."""

    def losses(genes: FloatArray) -> FloatArray:
        sizes, operations = _costs(space, genes)
        return np.column_stack([sizes, flips(genes), operations, 1 - accuracy(genes)])

    return losses


def _costs(space: StudentSpace, genes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Megabytes and billions of operations of each point."""
    students = [space.student(point) for point in genes]
    sizes = np.array([space.size_mb(student) for student in students])
    return sizes, np.array([space.flops(student) / 1e9 for student in students])
