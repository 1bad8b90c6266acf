"""Which variables of a Python program hold nothing but numbers, told from every place where the text binds them."""

from __future__ import annotations

from tree_sitter import Node

from robust_ray.source.statements._program import Program, operator

_READS = frozenset((
    *("call", "argument_list", "binary_operator", "comparison_operator", "boolean_operator", "not_operator", "list"),
    *("unary_operator", "subscript", "parenthesized_expression", "return_statement", "print_statement", "tuple"),
    *("if_statement", "while_statement", "elif_clause", "conditional_expression", "interpolation", "dictionary"),
    *("pair", "slice", "assert_statement", "expression_list", "set", "expression_statement", "attribute"),
    *("keyword_argument", "generator_expression", "list_comprehension", "if_clause", "yield", "chevron"),
))  # fmt: skip
"""Nodes whose direct children are read and not bound."""

_NUMBERS = ("integer", "float")
_RANGES = ("range", "xrange")


def numbers(program: Program) -> frozenset[str]:
    """Names that the text binds to numbers, counts of ``range`` and sums of them, and to nothing else.

    The name is looked at wherever it occurs, so that it may mean several variables; one use that is neither plainly a
    reading nor such a binding is enough to leave it out.
    """
    if program.source.error_count:
        return frozenset()
    has_range = _has_range(program)
    bound: set[str] = set()
    spoiled: set[str] = set()
    for node in program.all("identifier"):
        parent = program.parent(node)
        if parent is None or _is_no_variable(node, parent):
            continue
        name = program.text(node)
        if parent.type == "for_statement" and node == parent.child_by_field_name("left"):
            (bound if has_range and _is_range(program, parent) else spoiled).add(name)
        elif parent.type in ("assignment", "augmented_assignment") and node == parent.child_by_field_name("left"):
            (bound if _assigns_number(program, parent) else spoiled).add(name)
        elif parent.type not in _READS and not _is_value(node, parent):
            spoiled.add(name)
    return frozenset(bound - spoiled)


def _is_no_variable(node: Node, parent: Node) -> bool:
    member = parent.type == "attribute" and node == parent.child_by_field_name("attribute")
    return member or (parent.type == "keyword_argument" and node == parent.child_by_field_name("name"))


def _is_value(node: Node, parent: Node) -> bool:
    """Whether it is what an assignment assigns, or what a loop goes over."""
    takes = ("assignment", "augmented_assignment", "for_statement", "for_in_clause")
    return parent.type in takes and node == parent.child_by_field_name("right")


def _assigns_number(program: Program, assignment: Node) -> bool:
    """Whether a number is assigned, or added to what the variable holds."""
    value = assignment.child_by_field_name("right")
    if value is None or assignment.child_by_field_name("type") is not None:
        return False
    if value.type == "binary_operator" and assignment.type == "assignment" and operator(value) in ("+", "-"):
        target, first = assignment.child_by_field_name("left"), value.child_by_field_name("left")
        if target is None or first is None or program.text(first) != program.text(target):
            return False
        value = value.child_by_field_name("right")
    elif value.type == "unary_operator" and operator(value) == "-":
        value = value.child_by_field_name("argument")
    return value is not None and value.type in _NUMBERS


def _is_range(program: Program, loop: Node) -> bool:
    value = loop.child_by_field_name("right")
    called = None if value is None else value.child_by_field_name("function")
    return called is not None and program.text(called) in _RANGES


def _has_range(program: Program) -> bool:
    """Whether ``range`` is the builtin: the program only ever calls it, and imports no names it does not tell."""
    parents = [program.parent(node) for node in program.all("identifier") if program.text(node) in _RANGES]
    return not any(program.all("wildcard_import")) and all(
        parent is not None and parent.type == "call" for parent in parents
    )
