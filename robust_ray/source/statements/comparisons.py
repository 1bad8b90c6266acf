"""``a < b`` becomes ``b > a``, where it does not matter which side is computed first."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from robust_ray.source.edits import Edit
from robust_ray.source.statements._facts import LITERALS, is_pure
from robust_ray.source.statements._program import Program, operator

MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=", "is": "is", "is not": "is not"}
"""Operator → what asks the same of the sides in the other order."""

_TIGHTER = frozenset(("+", "-", "*", "/", "%", "<<", ">>", ">>>"))
"""Operators that bind more tightly than a comparison."""

_LOOSE = (
    *("assignment_expression", "conditional_expression", "ternary_expression", "lambda_expression", "comma_expression"),
    *("instanceof_expression", "switch_expression", "compound_literal_expression"),
)
"""Operands that would be read another way on the other side, or that are best left alone."""


def find(program: Program) -> Iterator[Edit]:
    """Every comparison of two operands whose order of evaluation cannot be told.

    One side is a literal, which leaves the answer to the other side (in Python, of a type that gives way to any other);
    or, but for Python, neither has an effect of its own, and in Java only one of them can throw.
    """
    for node in program.all("comparison_operator" if program.language == "python" else "binary_expression"):
        mirrored = MIRRORED.get(operator(node))
        if mirrored is None or len(node.named_children) != 2 or not program.is_clean(node):
            continue
        left, right = node.named_children
        if _may_swap(program.language, left, right):
            texts = [program.text(left), program.between(left.end_byte, right.start_byte), program.text(right)]
            middle = texts[1].replace(operator(node), mirrored) if " " not in operator(node) else texts[1]
            splice = program.splice(node.start_byte, node.end_byte, texts[2] + middle + texts[0])
            yield Edit("comparisons", (splice,))


def _may_swap(language: str, left: Node, right: Node) -> bool:
    is_literal = [side.type in LITERALS[language] for side in (left, right)]
    if language == "python":
        return any(is_literal)
    if any(
        side.type in _LOOSE or (side.type == "binary_expression" and operator(side) not in _TIGHTER)
        for side in (left, right)
    ):
        return False
    if any(is_literal):
        return True
    cannot_throw = language == "c" or "identifier" in (left.type, right.type)
    return cannot_throw and is_pure(left, language) and is_pure(right, language)
