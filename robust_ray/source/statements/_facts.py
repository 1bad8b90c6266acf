"""What rules need to know of a program's meaning: effects, types, and where control may go."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from robust_ray.source.statements._program import Program, inside

LITERALS = {
    "c": ("number_literal", "char_literal", "null", "true", "false"),
    "java": (
        *("decimal_integer_literal", "hex_integer_literal", "decimal_floating_point_literal", "character_literal"),
        *("string_literal", "null_literal", "true", "false"),
    ),
    "python": ("integer", "float", "none", "true", "false"),
}
"""Language → nodes that are one constant."""

JUMPS = (
    *("return_statement", "break_statement", "continue_statement", "goto_statement", "throw_statement"),
    *("raise_statement",),
)
"""Statements after which the next one is not reached."""

_PURE = frozenset((
    *("identifier", "field_identifier", "field_expression", "field_access", "subscript_expression", "array_access"),
    *("parenthesized_expression", "binary_expression", "unary_expression", "pointer_expression", "this"),
))  # fmt: skip

_COMPLETE = ("expression_statement", "local_variable_declaration", "enhanced_for_statement", ";")
"""Java's statements whose end is always reachable; an endless loop would be no expression."""

_LOOPS = ("for_statement", "while_statement", "do_statement", "enhanced_for_statement")

_NESTED_CODE = ("class_body", "lambda_expression", "function_definition", "class_definition", "lambda")
"""Code inside code: a jump there does not leave what is around."""


def is_pure(node: Node, language: str) -> bool:
    """Whether computing the expression changes nothing, so that it may as well be computed earlier or later."""
    literals = LITERALS[language]
    kinds = (part.type for part in inside(node, but=literals) if part.is_named)
    return all(kind in _PURE or kind in literals for kind in kinds)


def binds_pattern(node: Node | None) -> bool:
    """Whether an expression of Java may bind a variable that is seen behind the statement it stands in."""
    return node is not None and any(part.type == "instanceof_expression" for part in inside(node))


def leaves(node: Node | None) -> bool:
    """Whether the statement, or the last of a block, is a jump, so that the end is never reached."""
    while node is not None and node.type in ("compound_statement", "block"):
        node = last_statement(node)
    return node is not None and node.type in JUMPS


def last_statement(block: Node) -> Node | None:
    """The last statement of a block; None where there is none."""
    found = [child for child in block.named_children if not child.type.endswith("comment")]
    return found[-1] if found else None


def continues(body: Node) -> bool:
    """Whether a ``continue`` may be meant for the loop around ``body``, or some macro may hide one."""
    if body.type in _LOOPS:
        return False
    for part in inside(body, but=(*_LOOPS, *_NESTED_CODE)):
        if part.type == "continue_statement":
            return True
        if part.type == "expression_statement" and part.named_children:
            first = part.named_children[0]
            name = first.child_by_field_name("function") if first.type == "call_expression" else first
            if name is not None and name.type == "identifier" and name.text is not None and name.text.isupper():
                return True
    return False


def is_unknown(program: Program, expression: Node) -> bool:
    """Whether Java's compiler cannot know the value of an expression.

    A condition whose value it knows makes statements unreachable, which is an error.
    """
    computed = ("method_invocation", "array_access", "object_creation_expression")
    return any(part.type in computed or program.text(part) in program.variables for part in inside(expression))


def may_complete(program: Program, node: Node) -> bool:
    """Whether Java takes the end of a statement for reachable; False where that is not plain."""
    parts: list[Node | None] = [node]
    while parts:
        part = parts.pop()
        if part is None or part.type in _COMPLETE:
            return True
        condition = part.child_by_field_name("condition")
        if part.type == "block":
            parts.append(last_statement(part))
        elif part.type == "if_statement":
            parts += [part.child_by_field_name("consequence"), part.child_by_field_name("alternative")]
        elif part.type in ("for_statement", "while_statement") and condition is not None:
            parts += [None] if is_unknown(program, condition) else []
    return False


def declared(block: Node) -> Iterator[str]:
    """Names that the statements of a block declare, nested blocks left out."""
    for statement in block.named_children:
        for part in inside(statement, but=("compound_statement", "block", "class_body")):
            name = part.child_by_field_name("declarator") or part.child_by_field_name("name")
            if name is None or name.text is None or part.type == "method_invocation":
                continue
            if name.type in ("identifier", "type_identifier"):
                yield name.text.decode("utf-8", "surrogatepass")


def types(program: Program) -> dict[int, str]:
    """Number of a variable → its type as written, for plain variables whose declarations agree."""
    found: dict[int, set[str]] = {}
    numbers = {start: binding for start, _, binding in program.source.occurrences}
    for node in program.all(
        *("declaration", "parameter_declaration", "local_variable_declaration", "field_declaration"),
        *("formal_parameter", "enhanced_for_statement"),
    ):
        kind = node.child_by_field_name("type")
        for name in _names(node):
            number = numbers.get(name.start_byte)
            if number is not None and kind is not None:
                is_plain = name.next_sibling is None or name.next_sibling.type != "dimensions"
                is_atomic = any(child.text == b"_Atomic" for child in node.children)
                found.setdefault(number, set()).add(program.text(kind) if is_plain and not is_atomic else "_Atomic")
    return {number: next(iter(written)) for number, written in found.items() if len(written) == 1}


def _names(declaration: Node) -> Iterator[Node]:
    """The plain variables that a declaration declares."""
    parts = [*declaration.children_by_field_name("declarator"), *declaration.children_by_field_name("name")]
    for part in parts:
        if part.type in ("init_declarator", "variable_declarator"):
            part = part.child_by_field_name("declarator") or part.child_by_field_name("name") or part
        if part.type == "identifier":
            yield part
