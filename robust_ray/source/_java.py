"""Which names of a Java snippet may be changed: parameters, local variables, and methods nobody else can call.

Fields, classes, labels and enum constants keep their names. So does a method that may be called from outside the text:
one that overrides or implements, carries an annotation, is called through an object, or is known to every program.
"""

from __future__ import annotations

from typing import ClassVar

from tree_sitter import Node

from robust_ray.source._scopes import Binding, Kind, Resolver, Scope, Steps, each

_CALLED_BY_FRAMEWORKS = """
accept actionPerformed add afterExecute apply applyAsInt call characters clone close compare compareTo configure
contains containsKey contextDestroyed contextInitialized destroy dispose doFilter doGet doInBackground doPost
endElement equals execute finalize focusGained focusLost get getAsInt getColumnCount getColumnName getItem
getItemCount getMessage getRowCount getSize getValueAt getView handle handleMessage hasMoreElements hasNext hashCode
init initialize isEmpty itemStateChanged iterator keyPressed keyReleased keyTyped length main mouseClicked
mouseDragged mouseEntered mouseExited mouseMoved mousePressed mouseReleased next nextElement onClick onCreate onPause
onReceive onResume onStart onStop paint paintComponent perform process put read readExternal readObject readResolve
remove repaint reset run service set setUp setValueAt size start startElement stateChanged stop tearDown test toArray
toString update valueChanged visit windowClosed windowClosing write writeExternal writeObject writeReplace
"""

_KNOWN_METHODS = frozenset(_CALLED_BY_FRAMEWORKS.split())
"""Methods of wide-spread interfaces: what looks like a plain method may implement one."""

_HARMLESS_ANNOTATIONS = ("@SuppressWarnings", "@Deprecated", "@SafeVarargs", "@Nullable", "@NonNull", "@NotNull")


class JavaResolver(Resolver):
    """Scopes of Java: blocks with names visible from their declaration on, classes with members visible throughout.

    Methods have a namespace of their own, so a variable may share its name with one.
    """

    language: ClassVar[str] = "java"

    def lookup(self, key: str, start: int, scope: Scope) -> Binding | None:
        """A method is looked for no further out than the first class with ancestors we cannot see."""
        around: Scope | None = scope
        while around is not None:
            binding = around.bindings.get(key)
            if binding is not None and binding.visible_from <= start:
                return binding
            if around.inherits and key.endswith("()"):
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
        return self._named(node, scope, "parameter")

    def visit_catch_formal_parameter(self, node: Node, scope: Scope) -> Steps:
        return self._named(node, scope, "local")

    visit_resource = visit_catch_formal_parameter
    visit_instanceof_expression = visit_catch_formal_parameter

    def visit_enum_constant(self, node: Node, scope: Scope) -> Steps:
        return self._named(node, scope, None)

    def visit_type_pattern(self, node: Node, scope: Scope) -> Steps:
        *others, name = node.named_children
        self.declare(name, scope, "local")
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
        inner = Scope(scope, "class", inherits=_has_ancestors(node))
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
        is_anonymous = node.parent is not None and node.parent.type in ("object_creation_expression", "enum_constant")
        return each(node.named_children, Scope(scope, "class", inherits=True) if is_anonymous else scope)

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
        words: set[str] = set()
        for modifiers in (child for child in node.named_children if child.type == "modifiers"):
            words.update(self.text(child) for child in modifiers.children)
        has_annotation = any(word.startswith("@") and not word.startswith(_HARMLESS_ANNOTATIONS) for word in words)
        has_body = node.child_by_field_name("body") is not None
        if has_annotation or not has_body or self.text(name) in _KNOWN_METHODS:
            return False
        if "private" in words or node.parent is None or node.parent.type == "program":
            return True
        owner = node.parent.parent
        if owner is None or owner.type != "class_declaration":
            return False
        return "static" in words or not _has_ancestors(owner)

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


def _has_ancestors(node: Node) -> bool:
    """Whether a class declaration extends or implements something, so that it may have members we do not see."""
    known = ("superclass", "interfaces")
    return node.type != "class_declaration" or any(node.child_by_field_name(name) is not None for name in known)
