"""A space of students: which fields a search may choose, and what every choice would cost.

A *student* is the model itself, before it has learned; *genes* are its coordinates, one for each axis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from robust_ray.compression.student_space.axes import Axis, Value
from robust_ray.compression.student_space.counts import BYTES, distance_numbers, flops, parameter_count
from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.models.compact_roberta import CompactRoberta


@dataclass(frozen=True, kw_only=True)
class StudentSpace:
    """All students that differ from ``base`` along ``axes``; genes are ``(n_axes,)``, in their order."""

    axes: tuple[Axis, ...]
    """What can be chosen; a field of ``CompactRoberta`` once at most."""

    base: CompactRoberta
    """What cannot: the fields that no axis is for."""

    sequence: int | None = None
    """What the papers' formulas take for the tokens of a sequence; null for each student's own ``max_length``."""

    counts_distances: bool = False
    """Whether a size is also of relative positions, which the papers' formula takes for absolute ones: with few heads,
    a student is several times as large."""

    def __post_init__(self) -> None:
        known = [field.name for field in fields(self.base)]
        names = [axis.field for axis in self.axes]
        for name in names:
            if name not in known:
                raise SweepError(f"axis {name!r}: a student has no such field; {did_you_mean(name, known)}")
        if len(set(names)) < len(names) or not names:
            raise SweepError(f"a space needs an axis, and one for each field at most, but got {names}; correct them")
        hidden, heads = (self._choices(name) for name in ("hidden", "heads"))
        if not any(width % count == 0 for width in hidden for count in heads):
            raise SweepError("a space needs a `hidden` that is a multiple of its `heads`, but has none; widen either")

    @cached_property
    def lower(self) -> FloatArray:
        """``(n_axes,)``: the first gene of each axis."""
        return np.array([axis.low for axis in self.axes])

    @cached_property
    def upper(self) -> FloatArray:
        """``(n_axes,)``: the last gene of each axis."""
        return np.array([axis.high for axis in self.axes])

    @property
    def size(self) -> int:
        """Points of the grid, valid or not."""
        return math.prod(axis.count for axis in self.axes)

    def index(self, field: str) -> int:
        """Where the gene of a field stands.

        Raises:
            SweepError: no axis is for the field.
        """
        names = [axis.field for axis in self.axes]
        if field not in names:
            raise SweepError(f"field {field!r}: the space has no such axis; {did_you_mean(field, names)}")
        return names.index(field)

    def snap(self, genes: Sequence[float] | FloatArray) -> FloatArray:
        """``(n_axes,)`` numbers → the nearest point of the grid, which need not be valid."""
        return np.array([axis.snap(gene) for axis, gene in zip(self.axes, genes, strict=True)])

    def values(self, genes: Sequence[float] | FloatArray) -> dict[str, Value]:
        """What the genes of a point of the grid stand for, by field."""
        return {axis.field: axis.value(gene) for axis, gene in zip(self.axes, genes, strict=True)}

    def is_valid(self, genes: Sequence[float] | FloatArray) -> bool:
        """Whether a point of the grid is a student: its width is a multiple of its heads."""
        values = {"hidden": self.base.hidden, "heads": self.base.heads, **self.values(genes)}
        return int(values["hidden"]) % int(values["heads"]) == 0

    def student(self, genes: Sequence[float] | FloatArray) -> CompactRoberta:
        """The student at a point of the grid.

        Raises:
            SweepError: there is none.
        """
        return replace(self.base, **self.values(genes))  # type: ignore[arg-type]  # an axis holds its field's values

    def corners(self) -> tuple[CompactRoberta, CompactRoberta]:
        """What has the first value along every axis, and the last: no student has fewer numbers, or more.

        Their heads are as many as can be, and one: what is of relative positions is shared by them.

        Raises:
            SweepError: a value is none that a student may have.
        """
        first, last = self.values(self.lower), self.values(self.upper)
        first["heads"], last["heads"] = first.get("hidden", self.base.hidden), 1
        return replace(self.base, **first), replace(self.base, **last)  # type: ignore[arg-type]  # as in student

    def genes(self, student: CompactRoberta) -> FloatArray:
        """The coordinates of a student; what no axis is for is not looked at.

        Raises:
            SweepError: it lies outside.
        """
        return np.array([axis.gene(getattr(student, axis.field)) for axis in self.axes])

    def sample(self, rng: np.random.Generator) -> FloatArray:
        """A valid point, all equally likely."""
        while not self.is_valid(genes := np.array([axis.sample(rng) for axis in self.axes])):
            pass
        return genes

    def neighbours(self, genes: Sequence[float] | FloatArray) -> list[FloatArray]:
        """The valid points one step away along one axis."""
        found = []
        for i, axis in enumerate(self.axes):
            for gene in (axis.snap(genes[i] - axis.step), axis.snap(genes[i] + axis.step)):
                neighbour = np.array(genes, dtype=np.float64)
                neighbour[i] = gene
                if gene != genes[i] and self.is_valid(neighbour):
                    found.append(neighbour)
        return found

    def within(self, bounds: Mapping[str, tuple[float, float]]) -> StudentSpace:
        """The space with other first and last genes for some fields.

        Raises:
            SweepError: bounds are not those of a grid, or nothing is left between them.
        """
        for name in bounds:
            self.index(name)
        narrowed = (
            replace(axis, low=bounds[axis.field][0], high=bounds[axis.field][1]) if axis.field in bounds else axis
            for axis in self.axes
        )
        return replace(self, axes=tuple(narrowed))

    def parameter_count(self, student: CompactRoberta) -> int:
        """Numbers of a student, as the papers count them; with its relative positions, where they are to count."""
        counted = parameter_count(student, self.sequence or student.max_length)
        return counted + distance_numbers(student) if self.counts_distances else counted

    def size_mb(self, student: CompactRoberta) -> float:
        """Megabytes (10^6 bytes) of :meth:`parameter_count`, four bytes a number."""
        return self.parameter_count(student) * BYTES / 1e6

    def flops(self, student: CompactRoberta) -> int:
        """Operations of a forward pass of a student, as the papers count them."""
        return flops(student, self.sequence or student.max_length)

    def _choices(self, field: str) -> list[int]:
        """Everything that a field of whole numbers may hold."""
        values = [axis.values for axis in self.axes if axis.field == field]
        return [int(value) for value in values[0]] if values else [getattr(self.base, field)]
