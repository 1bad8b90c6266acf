"""Which names of a C snippet may be changed: parameters, local variables, and functions defined in it.

What keeps its name: members, labels, types, enumerators and designators; variables at file scope, which other files may
see; whatever a preprocessor line, an attribute or assembly mentions; what a macro of the text is called with, or one
that is known to make strings of its arguments; words in a region that does not parse.
"""

from __future__ import annotations

import re
from typing import ClassVar

from tree_sitter import Node

from robust_ray.source import _macros
from robust_ray.source._reserved import LIBRARY_FUNCTIONS
from robust_ray.source._scopes import WORD, Kind, Resolver, Scope, Steps, each, span

_MEMBER_MACRO = re.compile(
    r"LIST|TAILQ|CIRCLEQ|SIMPLEQ|QUEUE|FOREACH|(^|_)(RB|SPLAY)_|UPCAST|VMSTATE|(?i:offset_?of|container_of|for_?each)"
)
"""Macros whose arguments, the first excepted, are customarily members."""

_QUOTING_MACRO = re.compile(
    r"_Pragma|__STRING|__CONCAT|\w*(?i:stringi[fz])\w*|x?glue|x?concat|x?paste|x?str|"
    r"(?:[A-Z_]*_)?X?(?:TO|MAKE)?_?(?:STR|STRING|JOIN|GLUE|CONCAT|PASTE|CAT)[0-9_]*"
)
"""Macros that customarily make strings, or parts of names, of their arguments."""

_OWN_NAME = re.compile(rb"__(?:func|FUNCTION|PRETTY_FUNCTION)__")
"""What stands for the name of the function around it."""

_SPLIT_WORD = re.compile(rb"\w\\\r?\n\w")
"""A word that goes on in the next line."""


class CResolver(Resolver):
    """Scopes of C: blocks, with names visible from their declarator on."""

    language: ClassVar[str] = "c"

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.doubtful.update(("main", "wmain", "WinMain", "DllMain"))
        self.prototypes: set[str] = set()
        self.definitions: set[str] = set()
        self.called: set[str] = set()
        self.of_named_type: set[str] = set()
        """Variables without a value whose type is a name: that of a function type declares a function."""
        self._read_macros(data.decode("utf-8", "replace"))
        self.is_opaque |= _SPLIT_WORD.search(data) is not None

    def _read_macros(self, text: str) -> None:
        """What macros say and are given keeps its name; a macro that makes up names may mean any."""
        macros = _macros.definitions(text)
        self.is_opaque |= any("##" in body or "%:%:" in body for body in macros.values())
        for words in (*macros.values(), *_macros.arguments(text, macros.keys(), _QUOTING_MACRO)):
            self.doubtful.update(WORD.findall(words))

    def finish(self) -> None:
        self.doubtful |= self.prototypes - self.definitions
        self.doubtful |= self.of_named_type & self.called

    def visit_function_definition(self, node: Node, scope: Scope) -> Steps:
        inner = Scope(scope, "function")
        declarator = node.child_by_field_name("declarator")
        steps: list[tuple[Node, Scope]] = []
        self._doubt_macro(node, declarator)
        for child in node.named_children:
            if child == declarator:
                steps += self._declarator(child, scope, "function", inner)
            elif child.type == "compound_statement":
                steps += each(child.named_children, inner)
            else:
                steps.append((child, inner))
        return steps

    def _doubt_macro(self, node: Node, declarator: Node | None) -> None:
        """Keep the name of a function that reads it, and all names of a head that may be a macro's."""
        name, parameters = declarator, None
        while name is not None and name.type != "identifier":
            parameters = name.child_by_field_name("parameters") or parameters
            name = _inside(name)
        children = [] if parameters is None else parameters.named_children
        text = " ".join(self.text(child) for child in node.named_children if child.type == "declaration")
        declared = WORD.findall(text)
        undeclared = [child for child in children if child.type == "identifier" and self.text(child) not in declared]
        self.doubt_words(*undeclared)
        is_odd = parameters is None or bool(undeclared) or node.child_by_field_name("type") is None
        if name is not None and (is_odd or _OWN_NAME.search(self.data, *span(node))):
            self.doubt_words(name)

    def visit_declaration(self, node: Node, scope: Scope) -> Steps:
        kind = node.child_by_field_name("type")
        if kind is not None and self.text(kind) == "__label__":
            return self.doubt_words(node)
        if kind is not None and kind.type not in ("primitive_type", "sized_type_specifier", "struct_specifier"):
            names = (self.text(child) for child in node.named_children if child.type == "identifier")
            self.of_named_type.update(names)
        is_shared = scope.kind == "file" or any(self.text(child) == "extern" for child in node.named_children)
        return self._declared(node, scope, None if is_shared else "local")

    def visit_parameter_declaration(self, node: Node, scope: Scope) -> Steps:
        return self._declared(node, scope, "parameter")

    def visit_parameter_list(self, node: Node, scope: Scope) -> Steps:
        """Of a prototype or a function pointer: its names end with it."""
        return each(node.named_children, Scope(scope))

    def _declared(self, node: Node, scope: Scope, kind: Kind | None) -> list[tuple[Node, Scope]]:
        declarators = node.children_by_field_name("declarator")
        steps: list[tuple[Node, Scope]] = []
        for child in node.named_children:
            steps += self._declarator(child, scope, kind) if child in declarators else [(child, scope)]
        return steps

    def _declarator(
        self, node: Node, scope: Scope, kind: Kind | None, inner: Scope | None = None
    ) -> list[tuple[Node, Scope]]:
        """Bind the name inside a declarator, and return the expressions and parameters around it.

        Args:
            node: The declarator.
            scope: Where the name goes.
            kind: What it is, unless the declarator makes it a function.
            inner: The function's own scope where this is its definition; None otherwise.
        """
        steps: list[tuple[Node, Scope]] = []
        layers: list[str] = []
        name: Node | None = node
        while name is not None and name.type != "identifier":
            within = _inside(name)
            for child in name.named_children:
                if child.type == "parameter_list" and inner is not None:
                    steps += self._parameters(child, inner)
                elif child != within:
                    steps.append((child, scope))
            if name.type != "parenthesized_declarator":
                layers.append(name.type)
            name = within
        if name is None:
            return steps
        if layers[-1:] == ["function_declarator"]:
            self._declare_function(name, scope, is_definition=inner is not None)
            if layers[-2:-1] == ["function_declarator"]:  # a macro that makes up the name: ``glue(a, b)(int c)``
                self.doubt(self.text(name))
        else:
            self.declare(name, scope, kind)
        return steps

    def _declare_function(self, node: Node, scope: Scope, *, is_definition: bool) -> None:
        """Keep the name of a function that the text does not define, a macro seems to, or a library has already."""
        name = self.text(node)
        is_of_library = LIBRARY_FUNCTIONS & {name, name.removesuffix("f"), name.removesuffix("l")}
        if name.isupper() or scope.kind != "file" or is_of_library:
            self.doubt(name)
        (self.definitions if is_definition else self.prototypes).add(name)
        self.declare(node, scope, "function", hoisted=True)

    def _parameters(self, node: Node, inner: Scope) -> list[tuple[Node, Scope]]:
        """Parameters of a definition; bare names are those of a definition in the style of Kernighan and Ritchie."""
        steps: list[tuple[Node, Scope]] = []
        for child in node.named_children:
            if child.type == "identifier":
                self.declare(child, inner, "parameter")
            else:
                steps.append((child, inner))
        return steps

    def visit_compound_statement(self, node: Node, scope: Scope) -> Steps:
        return each(node.named_children, Scope(scope))

    visit_for_statement = visit_compound_statement

    def visit_enumerator(self, node: Node, scope: Scope) -> Steps:
        name, *value = node.named_children
        self.declare(name, scope, None)
        return each(value, scope)

    def visit_struct_specifier(self, node: Node, scope: Scope) -> Steps:
        """Tags have a namespace of their own: the name is passed by."""
        name = node.child_by_field_name("name")
        return [(child, scope) for child in node.named_children if child != name]

    visit_union_specifier = visit_struct_specifier
    visit_enum_specifier = visit_struct_specifier

    def visit_statement_identifier(self, node: Node, scope: Scope) -> Steps:
        """A label, whose address (``&&label``) the parser takes for a variable's."""
        return self.doubt_words(node)

    def visit_type_identifier(self, node: Node, scope: Scope) -> Steps:
        """A type's name, or a variable the parser took for one: ``(a) - 1`` and ``a * b;`` look like either."""
        self.doubt(self.text(node))
        return ()

    def visit_call_expression(self, node: Node, scope: Scope) -> Steps:
        """Arguments of a macro may be members rather than variables; nothing else is called outside of functions."""
        if scope.kind == "file":
            return self.doubt_words(node)
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is not None and arguments is not None and function.type == "identifier":
            name = self.text(function)
            self.called.add(name)
            if _MEMBER_MACRO.search(name):
                self.doubt_words(*(n for n in arguments.named_children[1:] if n.type == "identifier"))
        return each(node.named_children, scope)

    def visit_preproc_if(self, node: Node, scope: Scope) -> Steps:
        """The branches are code, and both are read; the condition is the preprocessor's."""
        condition = node.child_by_field_name("condition") or node.child_by_field_name("name")
        if condition is not None:
            self.doubt_words(condition)
        return [(child, scope) for child in node.named_children if child != condition]

    visit_preproc_elif = visit_preproc_if
    visit_preproc_ifdef = visit_preproc_if
    visit_preproc_elifdef = visit_preproc_if

    def visit_preproc_def(self, node: Node, scope: Scope) -> Steps:
        return self.doubt_words(node)

    visit_preproc_function_def = visit_preproc_def
    visit_preproc_call = visit_preproc_def
    visit_preproc_include = visit_preproc_def
    visit_macro_type_specifier = visit_preproc_def
    visit_attribute_specifier = visit_preproc_def
    visit_attribute_declaration = visit_preproc_def
    visit_ms_declspec_modifier = visit_preproc_def
    visit_gnu_asm_expression = visit_preproc_def


def _inside(declarator: Node) -> Node | None:
    """The declarator within this one; some have no field for it."""
    within = declarator.child_by_field_name("declarator")
    if within is None and declarator.type in ("parenthesized_declarator", "attributed_declarator"):
        inner = ("identifier", "declarator")
        within = next((child for child in declarator.named_children if child.type.endswith(inner)), None)
    return within
