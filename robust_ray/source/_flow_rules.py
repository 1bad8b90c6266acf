"""What each construct of a language does with its variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from tree_sitter import Node

from robust_ray.source._flow_steps import Assign, Branch, Loop, Step, Variable


class Reader(Protocol):
    """Tells what is in parts of the syntax tree."""

    def steps(self, nodes: Iterable[Node | None]) -> list[Step]:
        """What some nodes do, one after the other."""
        ...

    def variables(self, node: Node | None) -> list[Variable]:
        """All variables in a node, in order of the text."""
        ...


def _field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


def _declaration(reader: Reader, node: Node) -> list[Step]:
    """``name = value``, the name new; in C behind stars and before dimensions."""
    name = _field(node, "name") or _field(node, "declarator")
    return _declared(reader, name, _field(node, "value"))


def _declared(reader: Reader, name: Node | None, value: Node | None) -> list[Step]:
    around: list[Node | None] = []
    while name is not None and (inner := _field(name, "declarator")) is not None:
        around += [child for child in name.named_children if child != inner]
        name = inner
    assign = Assign("comesFrom", reader.variables(name), reader.variables(value), is_joined=False)
    return [*reader.steps(around), *reader.steps([value]), assign]


def _c_declaration(reader: Reader, node: Node) -> list[Step]:
    """``type name, name = value, *name``."""
    declarators = node.children_by_field_name("declarator")
    steps: list[Step] = []
    for child in node.children:
        is_plain = child in declarators and child.type != "init_declarator"
        steps += _declared(reader, child, None) if is_plain else reader.steps([child])
    return steps


def _assignment(reader: Reader, node: Node) -> list[Step]:
    """``target = value``, also with an operator; all that is named on the left is a target."""
    left, right = _field(node, "left"), _field(node, "right")
    assign = Assign("computedFrom", reader.variables(left), reader.variables(right), is_joined=False)
    return [*reader.steps([right]), assign]


def _update(reader: Reader, node: Node) -> list[Step]:
    """``name++``."""
    variables = reader.variables(node)
    return [Assign("computedFrom", variables, variables, is_joined=False)]


def _if(reader: Reader, node: Node) -> list[Step]:
    """The condition belongs to the first block. As published, an ``else`` does not rule out that no block is run."""
    return [_branch(reader, node, may_skip=True)]


def _python_if(reader: Reader, node: Node) -> list[Step]:
    """An ``else`` rules out that no block is run."""
    has_else = any(child.type == "else_clause" for child in node.children)
    return [_branch(reader, node, may_skip=not has_else)]


def _branch(reader: Reader, node: Node, *, may_skip: bool) -> Branch:
    others = node.children_by_field_name("alternative")
    first = reader.steps(child for child in node.children if child not in others)
    return Branch([first, *(reader.steps([other]) for other in others)], may_skip)


def _while(reader: Reader, node: Node) -> list[Step]:
    return [Loop([], reader.steps(node.children))]


def _for(reader: Reader, node: Node) -> list[Step]:
    """``for (init; condition; update) body``."""
    start = [*node.children_by_field_name("init"), *node.children_by_field_name("initializer")]
    rest = [child for child in node.children if child not in start]
    return [Loop(reader.steps(start), reader.steps(rest))]


def _for_each(reader: Reader, node: Node) -> list[Step]:
    """``for (type name : value) body``."""
    name, value, body = (_field(node, field) for field in ("name", "value", "body"))
    assign = Assign("computedFrom", reader.variables(name), reader.variables(value), is_joined=False)
    return [Loop([], [*reader.steps([value]), assign, *reader.steps([body])])]


def _python_default(reader: Reader, node: Node) -> list[Step]:
    """``name=value`` and ``name: type = value`` among parameters."""
    return [*reader.steps([_field(node, "type")]), *_declared(reader, _field(node, "name"), _field(node, "value"))]


def _python_assignment(reader: Reader, node: Node) -> list[Step]:
    """``targets = values``, also with an operator; without a value, a declaration."""
    right = _field(node, "right")
    if right is None:
        return _declared(reader, _field(node, "left"), None)
    return [*reader.steps([right]), *_paired(reader, _field(node, "left"), right)]


def _python_for(reader: Reader, node: Node) -> list[Step]:
    """``for targets in values: body else: …``."""
    left, right, body, alternative = (_field(node, name) for name in ("left", "right", "body", "alternative"))
    loop = [*reader.steps([right]), *_paired(reader, left, right), *reader.steps([body])]
    return [Loop([], loop), *reader.steps([alternative])]


def _python_clause(reader: Reader, node: Node) -> list[Step]:
    """``for targets in values`` of a comprehension."""
    values = node.children_by_field_name("right")
    sources = [variable for value in values for variable in reader.variables(value)]
    assign = Assign("computedFrom", reader.variables(_field(node, "left")), sources, is_joined=True)
    return [*reader.steps(values), assign]


def _python_comprehension(reader: Reader, node: Node) -> list[Step]:
    """Its clauses come before what they are for."""
    clauses = [child for child in node.children if child.type == "for_in_clause"]
    return reader.steps([*clauses, *(child for child in node.children if child not in clauses)])


def _paired(reader: Reader, left: Node | None, right: Node | None) -> list[Step]:
    """Each target from its value, where both sides list as many; else every target from all."""
    lefts, rights = ([] if side is None else _listed(side) for side in (left, right))
    pairs = list(zip(lefts, rights, strict=True)) if len(lefts) == len(rights) else [(left, right)]
    return [Assign("computedFrom", reader.variables(a), reader.variables(b), is_joined=True) for a, b in pairs]


def _listed(node: Node) -> list[Node]:
    return node.named_children if node.type in _LISTS else [node]


_LISTS = frozenset({"pattern_list", "tuple_pattern", "list_pattern", "expression_list", "tuple", "list"})

Rule = Callable[[Reader, Node], list[Step]]

RULES: Mapping[str, Mapping[str, Rule]] = {
    "java": {
        "variable_declarator": _declaration,
        "assignment_expression": _assignment,
        "update_expression": _update,
        "if_statement": _if,
        "for_statement": _for,
        "enhanced_for_statement": _for_each,
        "while_statement": _while,
        "do_statement": _while,
    },
    "c": {
        "declaration": _c_declaration,
        "init_declarator": _declaration,
        "assignment_expression": _assignment,
        "update_expression": _update,
        "if_statement": _if,
        "for_statement": _for,
        "while_statement": _while,
        "do_statement": _while,
    },
    "python": {
        "default_parameter": _python_default,
        "typed_default_parameter": _python_default,
        "assignment": _python_assignment,
        "augmented_assignment": _python_assignment,
        "if_statement": _python_if,
        "for_statement": _python_for,
        "for_in_clause": _python_clause,
        "list_comprehension": _python_comprehension,
        "set_comprehension": _python_comprehension,
        "dictionary_comprehension": _python_comprehension,
        "generator_expression": _python_comprehension,
        "while_statement": _while,
    },
}
"""Language → type of node → what such a node does; what has no rule does what its parts do, one after the other."""
