"""Which part of a space can hold a student of a size at all: asked of a solver, not by counting students.

Source: AVATAR, Shi et al., "Greening Large Language Models of Code", ICSE-SEIS 2024, https://arxiv.org/abs/2309.04076.
Deviations: the published code lists every solution, in 80 processes, and takes the smallest and the largest value of
    each unknown; here the solver is asked for these two. A product of two unknowns is what makes that slow, so the
    formula is told for each width and number of layers, where it has none.
"""

from __future__ import annotations

from typing import Any

from robust_ray.compression.student_space import Axis, StudentSpace
from robust_ray.core.errors import SweepError
from robust_ray.models.bert_formula import Sizes, parameters

SIZES = ("vocabulary", "layers", "hidden", "intermediate", "heads", "max_length")
"""Fields that the number of parameters, or whether there is a student, depends on."""

BYTES = 4
"""Of a parameter."""


def bounds(space: StudentSpace, limit_mb: float) -> dict[str, tuple[float, float]]:
    """The first and the last gene that any student of at most so many megabytes has, for each axis of its size.

    Args:
        space: To look at; ``within`` takes the answer.
        limit_mb: Megabytes (10^6 bytes) of parameters of four bytes.

    Returns:
        By field.

    Raises:
        SweepError: there is no such student.
    """
    import z3

    axes = {axis.field: axis for axis in space.axes if axis.field in SIZES}
    places = {field: z3.Int(field) for field in axes}
    solver = z3.Optimize()
    solver.set("priority", "box")  # every question for itself
    for field, axis in axes.items():
        solver.add(places[field] >= 0, places[field] < axis.count)
    solver.add(*_students_within(space, axes, places, limit_mb))
    ends = {field: (solver.minimize(place), solver.maximize(place)) for field, place in places.items()}
    if solver.check() != z3.sat:
        raise SweepError(f"a student of at most {limit_mb} MB must be in the space, but none is; allow more")
    return {
        field: (axes[field].gene_at(low.value().as_long()), axes[field].gene_at(high.value().as_long()))
        for field, (low, high) in ends.items()
    }


def _students_within(space: StudentSpace, axes: dict[str, Axis], places: dict[str, Any], limit_mb: float) -> list[Any]:
    """For each width and number of layers, what must hold of the rest."""
    import z3

    def unknown(field: str) -> Any:
        """A field as an expression of a place on its axis; a number where there is no choice."""
        if field not in axes:
            return getattr(space.base, field)
        axis, place = axes[field], places[field]
        if not axis.options:
            return round(axis.low) + round(axis.step) * place
        return z3.Sum([z3.If(place == i, int(value), 0) for i, value in enumerate(axis.values)])

    def choices(field: str) -> list[tuple[Any, int]]:
        """What a field may hold, and when it does."""
        if field not in axes:
            return [(z3.BoolVal(True), int(getattr(space.base, field)))]
        return [(places[field] == i, int(value)) for i, value in enumerate(axes[field].values)]

    vocabulary, intermediate = unknown("vocabulary"), unknown("intermediate")
    positions = space.sequence or unknown("max_length")
    most = int(limit_mb * 1e6 / BYTES)
    rules = []
    for is_width, width in choices("hidden"):
        rules.append(z3.Implies(is_width, z3.Or([has for has, heads in choices("heads") if width % heads == 0])))
        for are_layers, layers in choices("layers"):
            count = parameters(Sizes(vocabulary, layers, width, intermediate, 1), positions)
            rules.append(z3.Implies(z3.And(is_width, are_layers), count <= most))
    return rules
