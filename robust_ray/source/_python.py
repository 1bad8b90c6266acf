"""Which names of a Python snippet may be changed: parameters, variables, and functions that are not methods.

Attributes, imported names, classes and what a class body binds keep their names; so does what ``__all__`` lists, and a
parameter whose name is used as a keyword anywhere in the text. A program that can read its own names (``locals``,
``eval`` …) keeps them all.
"""

from __future__ import annotations

import builtins
import unicodedata
from typing import ClassVar

from tree_sitter import Node

from robust_ray.source._scopes import Binding, Kind, Resolver, Scope, Steps, each

_SELF_READING = {
    "eval",
    "exec",
    "execfile",
    "globals",
    "locals",
    "vars",
    "f_locals",
    "f_globals",
    "_getframe",
    "currentframe",
}
"""Functions and attributes through which a program sees the names of its variables."""

_NESTED_TARGETS = {
    *("tuple_pattern", "list_pattern", "pattern_list", "list_splat_pattern", "dictionary_splat_pattern"),
    *("tuple", "list", "list_splat", "parenthesized_expression", "expression_list", "as_pattern_target"),
}
"""Nodes that assign to each of their children."""

_BUILTINS = frozenset(dir(builtins))


class PythonResolver(Resolver):
    """Scopes of Python: functions, classes and comprehensions, with names visible throughout."""

    language: ClassVar[str] = "python"

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.doubtful.update(("self", "cls"))
        self.keywords: set[str] = set()
        self.parameters: set[str] = set()
        self.has_splat = False
        """Whether something is called with a mapping of keywords, whose names are strings."""

    def finish(self) -> None:
        self.doubtful |= self.keywords & self.parameters
        if self.has_splat:
            self.doubtful |= {name for name in self.parameters if self.is_quoted(name)}

    def lookup(self, key: str, start: int, scope: Scope) -> Binding | None:
        """What a class body binds is seen in that body alone."""
        around: Scope | None = scope
        while around is not None:
            if key in around.bindings and (around.kind != "class" or around is scope):
                return around.bindings[key]
            around = around.parent
        return None

    def visit_identifier(self, node: Node, scope: Scope) -> Steps:
        self._look_at(self.text(node))
        return super().visit_identifier(node, scope)

    def _look_at(self, name: str) -> None:
        """Notice a name that reads other names, or one that Python takes for another spelling of the same name."""
        if name in _SELF_READING:
            self.is_opaque = True
        if not name.isascii() and (normal := unicodedata.normalize("NFKC", name)) != name:
            self.doubtful |= {name, normal}

    def bind(self, node: Node, scope: Scope, kind: Kind | None) -> list[tuple[Node, Scope]]:
        """Bind every name that an assignment to ``node`` binds; what else it evaluates is returned to be visited."""
        steps: list[tuple[Node, Scope]] = []
        targets = [node]
        while targets:
            target = targets.pop()
            if target.type == "identifier":
                self._bind_name(target, scope, kind)
            elif target.type in _NESTED_TARGETS:
                targets += target.named_children
            else:
                steps.append((target, scope))
        return steps

    def _bind_name(self, node: Node, scope: Scope, kind: Kind | None) -> None:
        """Fixed are names of a class body, special names, and at module level a builtin's: it may be what is meant."""
        name = self.text(node)
        self._look_at(name)
        is_fixed = scope.kind == "class" or name.startswith("__") or (scope.kind == "file" and name in _BUILTINS)
        if kind == "parameter":
            self.parameters.add(name)
        self.declare(node, scope, None if is_fixed else kind, hoisted=True)

    # Functions and classes

    def visit_function_definition(self, node: Node, scope: Scope) -> Steps:
        name = node.child_by_field_name("name")
        if name is not None:
            self._bind_name(name, scope, "function" if self._is_plain(node) else None)
        inner = Scope(scope, "function")
        steps: list[tuple[Node, Scope]] = []
        for i, child in enumerate(node.named_children):
            field = node.field_name_for_named_child(i)
            if field == "parameters":
                steps += self._parameters(child, scope, inner)
            elif field == "type_parameters":
                self.doubt_words(child)
            elif field != "name":
                steps.append((child, inner if field == "body" else scope))
        return steps

    visit_lambda = visit_function_definition

    def _is_plain(self, node: Node) -> bool:
        """Neither decorated, which may register the name, nor a method cut out of its class."""
        parameters = node.child_by_field_name("parameters")
        first = next(iter(parameters.named_children), None) if parameters is not None else None
        is_method = first is not None and self.text(first) in ("self", "cls")
        return not is_method and (node.parent is None or node.parent.type != "decorated_definition")

    def _parameters(self, node: Node, scope: Scope, inner: Scope) -> list[tuple[Node, Scope]]:
        """Bind parameters in ``inner``; defaults and annotations are evaluated in ``scope``."""
        steps: list[tuple[Node, Scope]] = []
        for parameter in node.named_children:
            name = parameter.child_by_field_name("name")
            if name is None and parameter.type == "typed_parameter":
                name = parameter.named_children[0]
            if name is None:
                steps += [(child, scope) for child, _ in self.bind(parameter, inner, "parameter")]
            else:
                self.bind(name, inner, "parameter")
                steps += [(child, scope) for child in parameter.named_children if child != name]
        return steps

    def visit_class_definition(self, node: Node, scope: Scope) -> Steps:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is not None:
            self._bind_name(name, scope, None)
        inner = Scope(scope, "class")
        type_parameters = node.child_by_field_name("type_parameters")
        if type_parameters is not None:
            self.doubt_words(type_parameters)
        return [
            (child, inner if child == body else scope)
            for child in node.named_children
            if child not in (name, type_parameters)
        ]

    def visit_list_comprehension(self, node: Node, scope: Scope) -> Steps:
        """A scope of its own, but for the iterable of its first loop."""
        inner = Scope(scope, "comprehension")
        steps: list[tuple[Node, Scope]] = []
        is_first = True
        for child in node.named_children:
            if child.type == "for_in_clause":
                left = child.child_by_field_name("left")
                if left is not None:
                    steps += self.bind(left, inner, "local")
                steps += each((n for n in child.named_children if n != left), scope if is_first else inner)
                is_first = False
            else:
                steps.append((child, inner))
        return steps

    visit_set_comprehension = visit_list_comprehension
    visit_dictionary_comprehension = visit_list_comprehension
    visit_generator_expression = visit_list_comprehension

    # Statements and expressions that bind

    def visit_assignment(self, node: Node, scope: Scope) -> Steps:
        """What ``__all__`` lists is known outside by its name."""
        left = node.child_by_field_name("left")
        if left is not None and self.text(left) == "__all__":
            self.doubt_words(node)
        steps = self.bind(left, scope.nearest("function", "class", "file"), "local") if left is not None else []
        return steps + each((child for child in node.named_children if child != left), scope)

    visit_augmented_assignment = visit_assignment
    visit_for_statement = visit_assignment

    def visit_named_expression(self, node: Node, scope: Scope) -> Steps:
        name, *value = node.named_children
        return self.bind(name, scope.nearest("function", "class", "file"), "local") + each(value, scope)

    def visit_as_pattern_target(self, node: Node, scope: Scope) -> Steps:
        return self.bind(node, scope.nearest("function", "class", "file"), "local")

    def visit_except_clause(self, node: Node, scope: Scope) -> Steps:
        """``except E, e`` binds ``e`` in Python 2 and reads it in Python 3.14."""
        values = node.children_by_field_name("value")
        if len(values) > 1:
            self.doubt_words(*values)
        return each(node.named_children, scope)

    def visit_import_statement(self, node: Node, scope: Scope) -> Steps:
        for name in node.children_by_field_name("name"):
            alias = name.child_by_field_name("alias")
            self._bind_name(alias if alias is not None else name.named_children[0], scope, None)
        return ()

    visit_import_from_statement = visit_import_statement
    visit_future_import_statement = visit_import_statement

    def visit_global_statement(self, node: Node, scope: Scope) -> Steps:
        return self.doubt_words(node)

    visit_nonlocal_statement = visit_global_statement
    visit_type_alias_statement = visit_global_statement
    visit_member_type = visit_global_statement

    def visit_exec_statement(self, node: Node, scope: Scope) -> Steps:
        self.is_opaque = True
        return each(node.named_children, scope)

    def visit_case_clause(self, node: Node, scope: Scope) -> Steps:
        """Patterns bind, compare and name fields with the same words: none of them is changed."""
        for child in node.named_children:
            if child.type == "case_pattern":
                self.doubt_words(child)
        return each((child for child in node.named_children if child.type != "case_pattern"), scope)

    # Words that are not variables

    def visit_attribute(self, node: Node, scope: Scope) -> Steps:
        name = node.child_by_field_name("attribute")
        if name is not None:
            self._look_at(self.text(name))
        return [(child, scope) for child in node.named_children if child != name]

    def visit_keyword_argument(self, node: Node, scope: Scope) -> Steps:
        name, *value = node.named_children
        self.keywords.add(self.text(name))
        return each(value, scope)

    def visit_dictionary_splat(self, node: Node, scope: Scope) -> Steps:
        self.has_splat = True
        return each(node.named_children, scope)

    def visit_interpolation(self, node: Node, scope: Scope) -> Steps:
        """``f"{x=}"`` writes the name itself into the string."""
        if any(child.type == "=" for child in node.children):
            self.doubt_words(node)
        return each(node.named_children, scope)
