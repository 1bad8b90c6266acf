"""A small space of students, and losses of which everything is known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from robust_ray.compression.student_space import Axis, StudentSpace
from robust_ray.core.arrays import FloatArray
from robust_ray.models.compact_roberta import CompactRoberta

SPACE = StudentSpace(
    axes=(
        Axis(field="heads", low=1, high=6),
        Axis(field="hidden", low=16, high=64, step=4),
        Axis(field="intermediate", low=32, high=128, step=32),
        Axis(field="layers", low=1, high=4),
        Axis(field="max_length", low=256, high=320, step=32),
        Axis(field="vocabulary", low=1000, high=5000, step=1000),
    ),
    base=CompactRoberta(),
)


def students(space: StudentSpace) -> Iterator[FloatArray]:
    """Every valid point."""
    for genes in itertools.product(*([axis.gene_at(i) for i in range(axis.count)] for axis in space.axes)):
        if space.is_valid(genes):
            yield np.array(genes)


def losses(genes: FloatArray) -> FloatArray:
    """``(n, 3)``: size, inverse size, and what no other loss says anything of."""
    sizes = np.array([SPACE.size_mb(SPACE.student(point)) for point in genes])
    return np.column_stack([sizes, 1 / sizes, np.abs(genes[:, SPACE.index("heads")] - 3)])
