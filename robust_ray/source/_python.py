"""Which names of a Python snippet may be changed: parameters, variables, and functions that are not methods.

Attributes, imported names, classes and what a class body binds keep their names; so does what ``__all__`` lists, and a
parameter that somebody may pass by its name: one that is used as a keyword anywhere in the text, takes nothing else, or
is that of a decorated function. A program that can read its own names (``locals``, ``eval`` …) keeps them all; one that
looks for functions by their names, or runs code in strings, keeps those it could mean.
"""

from __future__ import annotations

import builtins
import re
import unicodedata
from typing import ClassVar

from tree_sitter import Node

from robust_ray.source._name_readers import (
    MANGLED,
    MODULE_READING,
    NAMED_IN_STRING,
    PLAIN_DECORATORS,
    SELF_READING,
    STRING_RUNNING,
)
from robust_ray.source._scopes import WORD, Binding, Kind, Resolver, Scope, Steps, each

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
        self.functions: set[str] = set()
        self.module_names: set[str] = set()
        self.string_words: set[str] = set()
        self.words: set[str] = set()
        """Names and attributes that the program speaks of."""
        self.mappings: set[str] = set()
        """What functions are called with as a mapping of keywords, but for literals."""
        self.keyword_parameters: set[str] = set()
        """Variables that hold such a mapping because a function took it."""
        self.locals: set[str] = set()
        self.has_wildcard = self.names_functions = False
        """Whether names are imported that the text does not tell; whether it asks a function for its name."""

    def finish(self) -> None:
        self.is_opaque |= bool(self.words & SELF_READING)
        self.doubtful |= self.keywords & self.parameters
        self.doubtful |= {name for name in self.parameters | self.module_names if self.is_quoted(name)}
        if not self.mappings <= self.keyword_parameters - self.locals:
            self.doubtful |= self.parameters
        if self.words & MODULE_READING:
            self.doubtful |= self.functions | self.module_names
        if self.names_functions or "funcName" in self.string_words:
            self.doubtful |= self.functions
        if self.words & STRING_RUNNING:
            self.doubtful |= self.string_words
        if self.has_wildcard:
            self.doubtful |= self.module_names

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
        """Remember what is spoken of; keep a name that Python takes for another spelling of the same name."""
        self.words.add(name)
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
        is_fixed |= MANGLED.match(name) is not None
        if scope.kind == "file":
            self.module_names.add(name)
        if kind is not None:
            {"parameter": self.parameters, "function": self.functions, "local": self.locals}[kind].add(name)
        self.declare(node, scope, None if is_fixed else kind, hoisted=True)

    # Functions and classes

    def visit_function_definition(self, node: Node, scope: Scope) -> Steps:
        name = node.child_by_field_name("name")
        if name is not None:
            self._bind_name(name, scope, "function" if self._is_plain(node) else None)
        inner = Scope(scope, "function")
        kind: Kind | None = "parameter" if self._gets_what_it_is_given(node) else None
        steps: list[tuple[Node, Scope]] = []
        for i, child in enumerate(node.named_children):
            field = node.field_name_for_named_child(i)
            if field == "parameters":
                steps += self._parameters(child, scope, inner, kind)
            elif field == "type_parameters":
                self.doubt_words(child)
            elif field != "name":
                steps.append((child, inner if field == "body" else scope))
        return steps

    visit_lambda = visit_function_definition

    def _is_plain(self, node: Node) -> bool:
        """Neither decorated, which may register the name, nor a test, nor a method cut out of its class."""
        parameters = node.child_by_field_name("parameters")
        first = next(iter(parameters.named_children), None) if parameters is not None else None
        is_method = first is not None and self.text(first) in ("self", "cls")
        is_decorated = node.parent is not None and node.parent.type == "decorated_definition"
        return not is_method and not is_decorated and not self._is_test(node)

    def _is_test(self, node: Node) -> bool:
        """Whether ``pytest`` would find the function by its name, and give it what its parameters name."""
        name = node.child_by_field_name("name")
        return name is not None and self.text(name).startswith("test_")

    def _gets_what_it_is_given(self, node: Node) -> bool:
        """Whether no decorator and no framework may pass arguments by their names."""
        around = node.parent.named_children if node.parent is not None else []
        decorators = [self.text(child).partition("(")[0] for child in around if child.type == "decorator"]
        return not self._is_test(node) and all(WORD.findall(text)[-1] in PLAIN_DECORATORS for text in decorators)

    def _parameters(self, node: Node, scope: Scope, inner: Scope, kind: Kind | None) -> list[tuple[Node, Scope]]:
        """Bind parameters in ``inner``; defaults and annotations are evaluated in ``scope``.

        Those after a star can be passed by their names alone: they keep them.
        """
        steps: list[tuple[Node, Scope]] = []
        is_after_star = False
        for parameter in node.named_children:
            name = parameter.child_by_field_name("name")
            if name is None and parameter.type == "typed_parameter":
                name = parameter.named_children[0]
            words = parameter if name is None else name
            is_mapping = words.type == "dictionary_splat_pattern"
            if is_mapping:
                self.keyword_parameters.update(WORD.findall(self.text(words)))
            bound = self.bind(words, inner, None if is_after_star and not is_mapping else kind)
            steps += [(child, scope) for child, _ in bound]
            if name is not None:
                steps += [(child, scope) for child in parameter.named_children if child != name]
            is_after_star |= words.type in ("list_splat_pattern", "keyword_separator")
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
        self.words.update(WORD.findall(self.text(node)))
        self.has_wildcard |= any(child.type == "wildcard_import" for child in node.named_children)
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
            owner = self.text(node.named_children[0])
            of_class = owner.endswith("__class__") or owner.startswith("type(")
            self.names_functions |= self.text(name) == "__name__" and not of_class
        return [(child, scope) for child in node.named_children if child != name]

    def visit_keyword_argument(self, node: Node, scope: Scope) -> Steps:
        name, *value = node.named_children
        self.keywords.add(self.text(name))
        if self.text(name) in ("kwargs", "kwds", "keywords"):
            self._note_mapping(value[-1])
        return each(value, scope)

    def visit_dictionary_splat(self, node: Node, scope: Scope) -> Steps:
        """Keywords whose names are strings, which may be anywhere."""
        if node.parent is not None and node.parent.type == "argument_list":
            self._note_mapping(node.named_children[0])
        return each(node.named_children, scope)

    def _note_mapping(self, value: Node) -> None:
        if value.type != "dictionary":
            self.mappings.add(self.text(value))

    def visit_call(self, node: Node, scope: Scope) -> Steps:
        """``dir()`` lists the names around it."""
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is not None and arguments is not None:
            self.is_opaque |= self.text(function) == "dir" and not arguments.named_children
        return each(node.named_children, scope)

    def visit_string(self, node: Node, scope: Scope) -> Steps:
        """Text may hold code, or a path of names."""
        text = self.text(node)
        words = WORD.findall(text)
        self.string_words.update(words)
        if "__main__" in words[1:] or "__main__" in words[:-1]:
            self.doubtful.update(words)
        for found in NAMED_IN_STRING.finditer(text):
            self.doubtful.update(WORD.findall(found[0]))
        return each(node.named_children, scope)

    def visit_type(self, node: Node, scope: Scope) -> Steps:
        """A type may be written as a string."""
        for found in re.finditer(r"""(["']).*?\1""", self.text(node)):
            self.doubtful.update(WORD.findall(found[0]))
        return each(node.named_children, scope)

    def visit_interpolation(self, node: Node, scope: Scope) -> Steps:
        """``f"{x=}"`` writes the name itself into the string."""
        if any(child.type == "=" for child in node.children):
            self.doubt_words(node)
        return each(node.named_children, scope)
