"""``a < b`` becomes ``b > a``, where it does not matter which side is computed first."""

from __future__ import annotations

from collections.abc import Iterator, Set

from tree_sitter import Node

from robust_ray.source.edits import Edit
from robust_ray.source.statements._facts import LITERALS, is_pure, types
from robust_ray.source.statements._program import Program, operator

MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=", "is": "is", "is not": "is not"}
"""Operator → what asks the same of the sides in the other order."""

_TIGHTER = frozenset(("+", "-", "*", "/", "%", "<<", ">>", ">>>"))
"""Operators that bind more tightly than a comparison."""

_GIVES_WAY = ("integer", "none")
"""Literals of Python whose types leave the answer to any other type; a float does not to one derived from ``int``."""

_PRIMITIVE = frozenset(("byte", "short", "char", "int", "long", "float", "double", "boolean"))

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
    kinds = types(program) if program.language == "java" else {}
    numbers = {start: binding for start, _, binding in program.source.occurrences if binding is not None}
    primitive = {start for start, number in numbers.items() if kinds.get(number) in _PRIMITIVE}
    for node in program.all("comparison_operator" if program.language == "python" else "binary_expression"):
        mirrored = MIRRORED.get(operator(node))
        if mirrored is None or len(node.named_children) != 2 or not program.is_clean(node):
            continue
        left, right = node.named_children
        if _may_swap(program.language, left, right, primitive):
            middle = program.between(left.end_byte, right.start_byte)
            if mirrored.startswith("is"):
                blanks = ["" if middle[i].isspace() else " " for i in (0, -1)]
                middle = middle.join(blanks)
            else:
                middle = middle.replace(operator(node), mirrored)
            text = f"{program.text(right)}{middle}{program.text(left)}"
            splice = program.splice(node.start_byte, node.end_byte, text)
            yield Edit("comparisons", (splice,))


def _may_swap(language: str, left: Node, right: Node, primitive: Set[int]) -> bool:
    is_literal = [side.type in (_GIVES_WAY if language == "python" else LITERALS[language]) for side in (left, right)]
    if language == "python":
        return any(is_literal)
    if any(
        side.type in _LOOSE or (side.type == "binary_expression" and operator(side) not in _TIGHTER)
        for side in (left, right)
    ):
        return False
    if any(is_literal):
        return True
    names = [side for side in (left, right) if side.type == "identifier"]
    cannot_throw = language == "c" or len(names) == 2 or any(side.start_byte in primitive for side in names)
    return cannot_throw and is_pure(left, language) and is_pure(right, language)
