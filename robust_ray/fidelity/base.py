"""A metamorphic relation: a property teacher and student should share on the same input."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.component import Component, Registry


class Comparison(NamedTuple):
    """The relation on ``n`` inputs."""

    applies: BoolArray
    """``(n,)``: whether it says anything about this input."""

    holds: BoolArray
    """``(n,)``; meaningless where it does not apply."""

    distance: FloatArray
    """``(n,)``: the quantity held against the threshold."""


@dataclass(frozen=True, kw_only=True)
class Relation(Component):
    """One verb, ``compare``."""

    @abstractmethod
    def compare(self, teacher: FloatArray, student: FloatArray) -> Comparison:
        """Both ``(n, n_labels)`` class probabilities on the same inputs, row by row."""


RELATIONS: Registry[Relation] = Registry("relation", Relation)
