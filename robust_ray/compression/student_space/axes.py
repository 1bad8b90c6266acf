"""One dimension of a space of students: a field that a search may choose, and the numbers it is coded in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robust_ray.core.errors import SweepError

Value = int | float | str
"""What a field of a student holds."""

DIGITS = 9
"""Decimals of a gene: a tenth added up three times is 0.3."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A field, and the grid of *genes* that its values are coded in: ``low``, ``low + step``, … ``high``."""

    field: str
    """Of the student."""

    low: float
    """The first gene."""

    high: float
    """The last gene."""

    step: float = 1.0
    """From a gene to the next."""

    options: tuple[Value, ...] = ()
    """What the genes 1, 2, … stand for; none where a gene is the value itself."""

    def __post_init__(self) -> None:
        steps = (self.high - self.low) / self.step if self.step > 0 else -1
        if steps < 0 or round(steps, DIGITS) != round(steps):
            raise SweepError(
                f"axis {self.field!r}: whole steps must lead up from {self.low} to {self.high}, "
                f"but a step is {self.step}; correct the bounds"
            )
        if self.options and (self.low < 1 or self.high > len(self.options) or self.step != 1):
            raise SweepError(
                f"axis {self.field!r}: genes must count its {len(self.options)} options from 1, but go from "
                f"{self.low} to {self.high} by {self.step}; correct the bounds"
            )

    @property
    def count(self) -> int:
        """Genes."""
        return round((self.high - self.low) / self.step) + 1

    @property
    def values(self) -> Sequence[Value]:
        """Everything the field may hold, in the order of the genes."""
        return [self.value(self.gene_at(place)) for place in range(self.count)]

    def gene_at(self, place: int) -> float:
        """The gene at a place of the grid, the first at 0."""
        return round(self.low + place * self.step, DIGITS)

    def snap(self, gene: float) -> float:
        """The gene of the grid that is nearest to a number."""
        place = int(np.rint((gene - self.low) / self.step))
        return self.gene_at(min(max(place, 0), self.count - 1))

    def value(self, gene: float) -> Value:
        """What a gene of the grid stands for."""
        if self.options:
            return self.options[round(gene) - 1]
        return round(gene) if float(self.step).is_integer() else float(gene)

    def gene(self, value: Value) -> float:
        """The gene that stands for a value.

        Raises:
            SweepError: none does.
        """
        numbers = {option: float(number) for number, option in enumerate(self.options, start=1)}
        gene = numbers.get(value) if self.options else (None if isinstance(value, str) else float(value))
        if gene is None or abs(self.snap(gene) - gene) > 10.0**-DIGITS:
            raise SweepError(
                f"axis {self.field!r}: a value must be {self._range()}, but got {value!r}; take such a one"
            )
        return self.snap(gene)

    def sample(self, rng: np.random.Generator) -> float:
        """A gene, all equally likely."""
        return self.gene_at(int(rng.integers(self.count)))

    def _range(self) -> str:
        if self.options:
            return "one of " + ", ".join(map(repr, self.values))
        return f"{self.value(self.low)} to {self.value(self.high)} in steps of {self.value(self.step)}"
