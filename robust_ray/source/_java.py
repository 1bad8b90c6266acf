"""Which names of a Java snippet may be changed: parameters, local variables, and methods nobody else can call.

Fields, classes, labels, enum constants and variables of patterns keep their names. So does a method that may be called
from outside the text: one that overrides or implements, carries an annotation, is called through an object, or is known
to every program. Ancestors that the text does not show may have members of any name: a class that has some keeps its
methods' names, and what it takes from the variables around it keeps its own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import ClassVar

from tree_sitter import Node

from robust_ray.source._reserved import FRAMEWORK_METHODS
from robust_ray.source._scopes import Binding, Bindings, Kind, Resolver, Scope, Steps, each

_HARMLESS_ANNOTATIONS = ("@SuppressWarnings", "@Deprecated", "@SafeVarargs", "@Nullable", "@NonNull", "@NotNull")

_HARMLESS_TO_PARAMETERS = (*_HARMLESS_ANNOTATIONS, "@Override", "@Test", "@Before", "@After", "@Ignore", "@Rule")
"""Annotations of a method that let nobody look for its parameters by name; those of Spring may."""

_PLAIN_ANCESTORS = frozenset((
    *("Runnable", "Callable", "Comparable", "Comparator", "Serializable", "Cloneable", "Iterator", "Iterable"),
    *("Closeable", "AutoCloseable", "ActionListener", "FileFilter", "FilenameFilter", "PrivilegedAction", "Object"),
))  # fmt: skip
"""Types without fields, all of whose methods are known."""

_REFLECTION = re.compile(
    rb"\b(get(Declared|Enclosing)?Methods?|getMethodName|MethodHandles|MethodType|invokeMethod|StackWalker)\b"
)
"""Words of programs that look for methods by their names, or show them."""

_TYPES = frozenset(("class_declaration", "interface_declaration", "enum_declaration", "record_declaration"))

_ESCAPE = re.compile(rb"\\u+00[0-7][0-9a-fA-F]")
"""A character that may be part of the program and not of the string or comment it seems to stand in."""


class JavaResolver(Resolver):
    """Scopes of Java: blocks with names visible from their declaration on, classes with members visible throughout.

    Methods have a namespace of their own, so a variable may share its name with one.
    """

    language: ClassVar[str] = "java"

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.is_opaque = has_escapes(data)
        self.is_reflective = _REFLECTION.search(data) is not None

    def resolve(self, root: Node) -> Bindings:
        self.root = root
        return super().resolve(root)

    @functools.cached_property
    def classes(self) -> dict[str, list[Node]]:
        """Types that the text declares."""
        found: dict[str, list[Node]] = {}
        nodes = [self.root]
        while nodes:
            node = nodes.pop()
            name = node.child_by_field_name("name") if node.type in _TYPES else None
            if name is not None:
                found.setdefault(self.text(name), []).append(node)
            nodes += node.named_children
        return found

    def lookup(self, key: str, start: int, scope: Scope) -> Binding | None:
        """A name is looked for no further out than the first class with ancestors we cannot see."""
        around: Scope | None = scope
        while around is not None:
            binding = around.bindings.get(key)
            if binding is not None and binding.visible_from <= start:
                return binding
            if around.inherits:
                return None
            around = around.parent
        return None

    # Declarations of variables

    def visit_local_variable_declaration(self, node: Node, scope: Scope) -> Steps:
        return self._variables(node, scope, "local")

    def visit_spread_parameter(self, node: Node, scope: Scope) -> Steps:
        return self._variables(node, scope, "parameter")

    def visit_field_declaration(self, node: Node, scope: Scope) -> Steps:
        return self._variables(node, scope, None)

    visit_constant_declaration = visit_field_declaration

    def _variables(self, node: Node, scope: Scope, kind: Kind | None) -> Steps:
        steps: list[tuple[Node, Scope]] = []
        for child in node.named_children:
            if child.type == "variable_declarator":
                steps += self._named(child, scope, kind)
            else:
                steps.append((child, scope))
        return steps

    def _named(
        self, node: Node, scope: Scope, kind: Kind | None, inner: Scope | None = None
    ) -> list[tuple[Node, Scope]]:
        """Bind the field ``name`` of a node in ``inner`` (else ``scope``) and go on to its other children."""
        name = node.child_by_field_name("name")
        if name is not None and name.type == "identifier":
            self.declare(name, inner or scope, kind, hoisted=kind is None)
        return [(child, scope) for child in node.named_children if child != name]

    def visit_formal_parameter(self, node: Node, scope: Scope) -> Steps:
        """What carries an annotation may be looked for by its name."""
        method = node.parent.parent if node.parent is not None else None
        is_known = any(not text.startswith(_HARMLESS_ANNOTATIONS) for text in self._annotations(node)) or (
            method is not None
            and any(not text.startswith(_HARMLESS_TO_PARAMETERS) for text in self._annotations(method))
        )
        return self._named(node, scope, None if is_known else "parameter")

    def visit_catch_formal_parameter(self, node: Node, scope: Scope) -> Steps:
        return self._named(node, scope, "local")

    visit_resource = visit_catch_formal_parameter

    def visit_instanceof_expression(self, node: Node, scope: Scope) -> Steps:
        """Where the variable of a pattern can be seen is a matter of control flow."""
        return self._named(node, scope, None)

    def visit_enum_constant(self, node: Node, scope: Scope) -> Steps:
        return self._named(node, scope, None)

    def visit_type_pattern(self, node: Node, scope: Scope) -> Steps:
        *others, name = node.named_children
        self.declare(name, scope, None)
        return each(others, scope)

    visit_record_pattern_component = visit_type_pattern

    # Scopes

    def visit_block(self, node: Node, scope: Scope) -> Steps:
        return each(node.named_children, Scope(scope))

    visit_for_statement = visit_block
    visit_catch_clause = visit_block
    visit_switch_block = visit_block
    visit_switch_rule = visit_block
    visit_constructor_body = visit_block

    def visit_enhanced_for_statement(self, node: Node, scope: Scope) -> Steps:
        inner = Scope(scope)
        value = node.child_by_field_name("value")
        return [(child, scope if child == value else inner) for child, _ in self._named(node, scope, "local", inner)]

    def visit_try_with_resources_statement(self, node: Node, scope: Scope) -> Steps:
        inner = Scope(scope)
        inside = ("resource_specification", "block")
        return [(child, inner if child.type in inside else scope) for child in node.named_children]

    def visit_lambda_expression(self, node: Node, scope: Scope) -> Steps:
        inner = Scope(scope)
        parameters = node.child_by_field_name("parameters")
        if parameters is not None and parameters.type == "identifier":
            self.declare(parameters, inner, "parameter")
        return [(child, inner) for child in node.named_children if child != parameters or child.type != "identifier"]

    def visit_inferred_parameters(self, node: Node, scope: Scope) -> Steps:
        for name in node.named_children:
            if name.type == "identifier":
                self.declare(name, scope, "parameter")
        return ()

    def visit_class_declaration(self, node: Node, scope: Scope) -> Steps:
        """A class's own name is a type; the parameters of a record are its fields."""
        inner = Scope(scope, "class", inherits=self._has_unknown_ancestors(node))
        steps: list[tuple[Node, Scope]] = []
        for i, child in enumerate(node.named_children):
            field = node.field_name_for_named_child(i)
            if field == "parameters":
                for component in child.named_children:
                    steps += self._named(component, inner, None)
            elif field != "name":
                steps.append((child, inner))
        return steps

    visit_record_declaration = visit_class_declaration
    visit_enum_declaration = visit_class_declaration
    visit_interface_declaration = visit_class_declaration
    visit_annotation_type_declaration = visit_class_declaration

    def visit_class_body(self, node: Node, scope: Scope) -> Steps:
        """Of a class declaration, whose scope is there already, or of an anonymous class."""
        if node.parent is None or node.parent.type not in ("object_creation_expression", "enum_constant"):
            return each(node.named_children, scope)
        kind = node.parent.child_by_field_name("type")
        inherits = kind is None or self._is_unknown(kind, frozenset())
        return each(node.named_children, Scope(scope, "class", inherits=inherits))

    # Methods

    def visit_method_declaration(self, node: Node, scope: Scope) -> Steps:
        name = node.child_by_field_name("name")
        if name is not None:
            self.declare(name, scope, "function" if self._is_private(node, name) else None, key="{}()", hoisted=True)
        return self.visit_constructor_declaration(node, scope)

    def visit_constructor_declaration(self, node: Node, scope: Scope) -> Steps:
        inner = Scope(scope, "function")
        name = node.child_by_field_name("name")
        return [(child, inner) for child in node.named_children if child != name]

    visit_compact_constructor_declaration = visit_constructor_declaration

    def _is_private(self, node: Node, name: Node) -> bool:
        """Whether nobody outside the text can depend on the method's name."""
        words = {text for modifiers in _modifiers(node) for text in map(self.text, modifiers.children)}
        has_annotation = any(not text.startswith(_HARMLESS_ANNOTATIONS) for text in self._annotations(node))
        has_body = node.child_by_field_name("body") is not None
        if has_annotation or not has_body or self.text(name) in FRAMEWORK_METHODS:
            return False
        if node.parent is None or node.parent.type == "program":
            return not self.text(name).startswith("test")
        owner = node.parent.parent
        if owner is None or self._has_unknown_ancestors(owner):
            return False
        is_class = owner.type == "class_declaration"
        return "private" in words or (is_class and ("static" in words or not any(_ancestors(owner))))

    def _annotations(self, node: Node) -> Iterator[str]:
        """Annotations of a declaration, as written."""
        children = (child for modifiers in _modifiers(node) for child in modifiers.named_children)
        return (self.text(child) for child in children if child.type.endswith("annotation"))

    def _has_unknown_ancestors(self, node: Node, below: frozenset[int] = frozenset()) -> bool:
        """Whether a class may have members we do not see; what enums and records all have is known."""
        if node.type not in _TYPES:
            return True
        return any(self._is_unknown(ancestor, below | {node.id}) for ancestor in _ancestors(node))

    def _is_unknown(self, kind: Node, below: frozenset[int]) -> bool:
        """Whether a type may have members that are neither in the text nor known to every program."""
        name = self.text(kind).partition("<")[0].strip()
        declared = self.classes.get(name)
        if declared is None:
            return name not in _PLAIN_ANCESTORS
        return any(node.id in below or self._has_unknown_ancestors(node, below) for node in declared)

    def _is_doubtful(self, binding: Binding) -> bool:
        return super()._is_doubtful(binding) or (binding.kind == "function" and self.is_reflective)

    def visit_method_invocation(self, node: Node, scope: Scope) -> Steps:
        """A call through an object is not resolved, nor one in a snippet without its class: it may mean an overload."""
        name = node.child_by_field_name("name")
        is_ours = node.child_by_field_name("object") is None and scope.nearest("class").kind == "class"
        if name is not None:
            self.use(name, scope if is_ours else None, key="{}()")
        return [(child, scope) for child in node.named_children if child != name]

    def visit_method_reference(self, node: Node, scope: Scope) -> Steps:
        target, *others = node.named_children
        for name in others:
            if name.type == "identifier":
                self.use(name, None, key="{}()")
        return [(target, scope)]

    # Words that are not variables

    def visit_field_access(self, node: Node, scope: Scope) -> Steps:
        target = node.child_by_field_name("object")
        return [(target, scope)] if target is not None else []

    def visit_labeled_statement(self, node: Node, scope: Scope) -> Steps:
        return each(node.named_children[1:], scope)

    def visit_switch_label(self, node: Node, scope: Scope) -> Steps:
        """A bare name after ``case`` may be a constant of the enum that is switched on."""
        self.doubt_words(*(child for child in node.named_children if child.type == "identifier"))
        return each(node.named_children, scope)

    def visit_type_identifier(self, node: Node, scope: Scope) -> Steps:
        """A type's name, or a variable the parser took for one."""
        self.doubt(self.text(node))
        return ()

    def visit_annotation(self, node: Node, scope: Scope) -> Steps:
        return self.doubt_words(node)

    visit_marker_annotation = visit_annotation

    def visit_import_declaration(self, node: Node, scope: Scope) -> Steps:
        return ()

    visit_package_declaration = visit_import_declaration
    visit_module_declaration = visit_import_declaration
    visit_scoped_identifier = visit_import_declaration
    visit_break_statement = visit_import_declaration
    visit_continue_statement = visit_import_declaration
    visit_annotation_type_element_declaration = visit_import_declaration


def has_escapes(data: bytes) -> bool:
    """Whether a text spells ASCII in escapes: it then need not mean what the parser reads."""
    return _ESCAPE.search(data) is not None


def _modifiers(node: Node) -> Iterator[Node]:
    return (child for child in node.named_children if child.type == "modifiers")


def _ancestors(node: Node) -> Iterator[Node]:
    """Types that a class, enum, record or interface extends or implements."""
    for clause in node.named_children:
        if clause.type in ("superclass", "super_interfaces", "extends_interfaces"):
            kinds = clause.named_children
            yield from kinds[0].named_children if kinds and kinds[0].type == "type_list" else kinds
