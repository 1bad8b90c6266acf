"""What a student would cost, by formula: known before it is built, and without torch."""

from __future__ import annotations

from robust_ray.models import bert_formula
from robust_ray.models.bert_formula import Sizes
from robust_ray.models.compact_roberta import CompactRoberta

BYTES = 4
"""Of a number."""


def sizes(student: CompactRoberta) -> Sizes:
    """The five numbers the formulas are of."""
    return Sizes(student.vocabulary, student.layers, student.hidden, student.intermediate, student.heads)


def parameter_count(student: CompactRoberta, positions: int | None = None) -> int:
    """Numbers of a classifier of two classes; see ``CompactRoberta`` for how many the built network has.

    Args:
        student: Before it has learned.
        positions: Rows of its table of positions; None for those it has.
    """
    return bert_formula.parameters(sizes(student), student.position_rows if positions is None else positions)


def distance_numbers(student: CompactRoberta) -> int:
    """What :func:`parameter_count` leaves out: numbers of relative positions, less those of the table they replace."""
    if student.position_type == "absolute":
        return 0
    rows = student.position_rows
    return student.layers * (2 * rows - 1) * student.hidden // student.heads - rows * student.hidden


def size_mb(student: CompactRoberta, positions: int | None = None) -> float:
    """Megabytes (10^6 bytes) of :func:`parameter_count`, four bytes a number."""
    return parameter_count(student, positions) * BYTES / 1e6


def flops(student: CompactRoberta, tokens: int | None = None) -> int:
    """Operations of a forward pass over so many tokens; None for as many as the student reads at most."""
    return bert_formula.flops(sizes(student), student.max_length if tokens is None else tokens)
