"""In what kinds of statement a program uses its names.

The kinds are those by which Du et al. ("An Extensive Study on Adversarial Attack against Pre-trained Models of Code",
ESEC/FSE 2023) sort identifiers; their own lists are not published, so what counts as being in a statement is read here
as follows. A name is in a ``return`` or ``throw`` wherever it stands in one, in a method, an ``if`` or a ``for`` where
it stands in the head, and in a ``try`` where it stands in what is tried.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from tree_sitter import Node

from robust_ray.source.identifiers import SourceCode
from robust_ray.source.languages import parse


class Statement(enum.StrEnum):
    """A kind of statement; the order is that of the paper's code."""

    METHOD = "method"
    """The head of a method or function: its name and parameters."""

    RETURN = "return"

    IF = "if"
    """The condition."""

    THROW = "throw"
    """In Python, ``raise``."""

    TRY = "try"
    """The resources and the statements that are tried, not what handles their failure."""

    FOR = "for"
    """All before the body."""

    OTHER = "other"
    """None of these."""


_BODIES = frozenset({"body", "consequence", "alternative"})
"""Fields of a node that are not its head."""

_HANDLERS = frozenset({"catch_clause", "except_clause", "except_group_clause", "else_clause", "finally_clause"})
"""Nodes in a ``try`` that are not tried."""

_STATEMENTS: Mapping[str, tuple[Statement, frozenset[str]]] = {
    "method_declaration": (Statement.METHOD, _BODIES),
    "constructor_declaration": (Statement.METHOD, _BODIES),
    "function_definition": (Statement.METHOD, _BODIES),
    "return_statement": (Statement.RETURN, frozenset()),
    "if_statement": (Statement.IF, _BODIES),
    "elif_clause": (Statement.IF, _BODIES),
    "throw_statement": (Statement.THROW, frozenset()),
    "raise_statement": (Statement.THROW, frozenset()),
    "try_statement": (Statement.TRY, _HANDLERS),
    "try_with_resources_statement": (Statement.TRY, _HANDLERS),
    "for_statement": (Statement.FOR, _BODIES),
    "enhanced_for_statement": (Statement.FOR, _BODIES),
}
"""Node type, in any language → the kind of statement it is, and which fields or types of its children are not in it."""


def contexts(source: SourceCode) -> dict[str, frozenset[Statement]]:
    """Every variable and function in the text → the kinds of statement it is used in, at least one."""
    around = _around_words(parse(source.data, source.language).root_node)
    found: dict[str, frozenset[Statement]] = {}
    for start, end, _ in source.occurrences:
        name = source.between(start, end)
        found[name] = found.get(name, frozenset()) | around.get(start, frozenset())
    return {name: kinds or frozenset({Statement.OTHER}) for name, kinds in found.items()}


def _around_words(root: Node) -> dict[int, frozenset[Statement]]:
    """First byte of every leaf → kinds of statement it is in."""
    around: dict[int, frozenset[Statement]] = {}
    stack: list[tuple[Node, frozenset[Statement]]] = [(root, frozenset())]
    while stack:
        node, outer = stack.pop()
        if not node.child_count:
            around[node.start_byte] = outer
        kind, outside = _STATEMENTS.get(node.type, (None, frozenset()))
        inner = outer if kind is None else outer | {kind}
        for i, child in enumerate(node.children):
            is_inside = kind is not None and not {child.type, node.field_name_for_child(i)} & outside
            stack.append((child, inner if is_inside else outer))
    return around
