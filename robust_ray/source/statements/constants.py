"""A literal becomes a variable, declared just before its statement.

Source: Tian et al., "Code Difference Guided Adversarial Example Generation for Deep Code Models" (CODA), ASE 2023,
https://arxiv.org/abs/2301.02412, rule R4.
Deviations: literals are replaced, variables are not replaced by them; only where the compiler needs no constant, and in
    Java and C only decimal integers, where it takes a variable declared ``int`` for the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from robust_ray.source.edits import Edit
from robust_ray.source.statements._facts import is_unknown, types
from robust_ray.source.statements._program import INSPECTORS, Program, inside, operator

_LITERALS = {
    "c": ("number_literal",),
    "java": ("decimal_integer_literal",),
    "python": ("integer", "float", "string"),
}

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_PYTHON_LITERAL = re.compile(r"""0|[1-9][0-9]*|[0-9]+\.[0-9]+|"[^"\\\n]*"|'[^'\\\n]*'""")

_NUMERIC = ("int", "long", "float", "double")
"""Types to which an ``int`` is converted without a cast."""

_ARITHMETIC = frozenset(("+", "-", "*", "/", "%"))
_COMPARISON = frozenset(("<", ">", "<=", ">=", "==", "!="))

_NEEDS_CONSTANT = (
    *("class_body", "annotation", "sizeof_expression", "array_declarator", "initializer_list", "gnu_asm_expression"),
    *("call_expression", "generic_expression", "alignof_expression", "offsetof_expression", "class_definition"),
    *("lambda", "decorator", "default_parameter", "typed_default_parameter", "type", "case_clause", "string"),
    *("concatenated_string", "global_statement", "parameters", "class_declaration", "enum_body", "interface_body"),
)
"""What must not be between a literal and its statement; calls in C are there because they may be macros."""

_READS = (
    *("argument_list", "assignment", "augmented_assignment", "binary_operator", "boolean_operator", "return_statement"),
    *("comparison_operator", "conditional_expression", "expression_list", "keyword_argument", "not_operator", "pair"),
    *("list", "print_statement", "set", "slice", "subscript", "tuple", "unary_operator"),
)
"""Python's nodes in which a literal is nothing but a value."""

_QUALIFIERS = frozenset(("storage_class_specifier", "type_qualifier", "attribute_specifier"))

_C_UNSURE = ("call_expression", "cast_expression", "pointer_expression", "field_expression")

_C_NUMBERS = frozenset((
    *("int", "unsigned", "unsigned int", "long", "unsigned long", "long long", "unsigned long long", "float", "double"),
    *("size_t", "ssize_t", "int64_t", "uint64_t", "int32_t", "uint32_t", "int16_t", "uint16_t", "int8_t", "uint8_t"),
    *("short", "unsigned short", "char", "unsigned char", "signed char"),
))  # fmt: skip


def find(program: Program) -> Iterator[Edit]:
    """Every literal that may be a variable."""
    if program.language == "python" and program.source.names & INSPECTORS:
        return
    kinds = types(program)
    numbers = {start: binding for start, _, binding in program.source.occurrences}
    declared = {start: kinds.get(number, "") for start, number in numbers.items() if number is not None}
    for i, node in enumerate(program.all(*_LITERALS[program.language])):
        pattern = _PYTHON_LITERAL if program.language == "python" else _DECIMAL
        statement = _statement(program, node)
        if statement is None or not pattern.fullmatch(program.text(node)) or not _is_read(program, node, declared):
            continue
        name = program.fresh(f"{'text' if node.type == 'string' else 'limit'}_{i}")
        if name is None:
            continue
        value = program.text(node)
        line = f"{name} = {value}" if program.language == "python" else f"int {name} = {value};"
        before = program.before(statement, (line,))
        if before is not None:
            yield Edit("constants", (before, program.splice(node.start_byte, node.end_byte, name)))


def _statement(program: Program, node: Node) -> Node | None:
    """The statement before which the variable is declared; None where a jump could pass it by."""
    for around in program.around(node):
        if around.type in _NEEDS_CONSTANT or any(child.type == "storage_class_specifier" for child in around.children):
            return None
        parent = program.parent(around)
        in_case = parent is not None and parent.type == "case_statement"
        if program.is_statement(around) and not in_case:
            is_safe = program.is_clean(around) and not _is_jumped_into(program, around)
            return around if is_safe and not _is_in_class(program, around) else None
    return None


def _is_jumped_into(program: Program, statement: Node) -> bool:
    """Whether C could get into the statement without passing what stands before it."""
    if program.language != "c":
        return False
    if any(part.type == "labeled_statement" for part in inside(statement)):
        return True
    is_switch = statement.type == "switch_statement"
    return not is_switch and any(part.type == "case_statement" for part in inside(statement, but=("switch_statement",)))


def _is_in_class(program: Program, statement: Node) -> bool:
    """Whether the variable would be an attribute of a Python class."""
    scopes = ("function_definition", "class_definition")
    scope = next((around for around in program.around(statement) if around.type in scopes), None)
    return program.language == "python" and scope is not None and scope.type == "class_definition"


def _is_read(program: Program, node: Node, declared: dict[int, str]) -> bool:
    """Whether a variable of the literal's type does as well."""
    parent = program.parent(node)
    assert parent is not None
    if program.language == "python":
        while parent.type == "parenthesized_expression":
            parent = program.parent(parent)
            assert parent is not None
        is_compared_by_identity = parent.type == "comparison_operator" and "is" in operator(parent)
        return parent.type in _READS and not is_compared_by_identity
    return (_is_read_by_java if program.language == "java" else _is_read_by_c)(program, node, declared)


def _climb(program: Program, node: Node, operators: frozenset[str]) -> tuple[Node, Node]:
    """The largest expression of these operators around a literal, and what stands around it."""
    parent = program.parent(node)
    assert parent is not None
    while parent.type in ("parenthesized_expression", "unary_expression") or (
        parent.type == "binary_expression" and operator(parent) in operators
    ):
        above = program.parent(parent)
        assert above is not None
        node, parent = parent, above
    return node, parent


def _is_read_by_java(program: Program, node: Node, declared: dict[int, str]) -> bool:
    value, around = _climb(program, node, _ARITHMETIC)
    if _may_be_string(value, declared):
        return False  # a sum of constants is one string object, wherever it is written
    if around.type in ("argument_list", "array_access", "dimensions_expr"):
        return True
    if around.type == "variable_declarator":
        declaration = program.parent(around)
        is_local = declaration is not None and declaration.type == "local_variable_declaration"
        modifiers = declaration is not None and any(child.type == "modifiers" for child in declaration.children)
        name = around.child_by_field_name("name")
        return is_local and not modifiers and name is not None and declared.get(name.start_byte) in _NUMERIC
    if around.type == "assignment_expression":
        left = around.child_by_field_name("left")
        return left is not None and left.type == "identifier" and declared.get(left.start_byte) in _NUMERIC
    if around.type == "return_statement":
        return _returned(program, around) in _NUMERIC
    return around.type == "binary_expression" and operator(around) in _COMPARISON and is_unknown(program, around)


def _may_be_string(value: Node, declared: dict[int, str]) -> bool:
    """Whether a sum may be a string: of what can be a constant, only numbers are none."""
    sums = [part for part in inside(value) if part.type == "binary_expression" and operator(part) == "+"]
    terms = [term for part in sums for term in part.named_children]
    return any(
        term.type in ("string_literal", "field_access")
        or (term.type == "identifier" and declared.get(term.start_byte) not in _NUMERIC)
        for term in terms
    )


def _is_read_by_c(program: Program, node: Node, declared: dict[int, str]) -> bool:
    value, around = _climb(program, node, _ARITHMETIC)
    others = {declared.get(part.start_byte) for part in inside(value) if part.type == "identifier"}
    if not all(kind in _C_NUMBERS for kind in others) or any(part.type in _C_UNSURE for part in inside(value)):
        return False
    if around.type == "init_declarator":
        declaration, name = program.parent(around), around.child_by_field_name("declarator")
        is_plain = (
            declaration is not None and len({child.type for child in declaration.named_children} & _QUALIFIERS) == 0
        )
        return is_plain and name is not None and declared.get(name.start_byte) in _C_NUMBERS
    if around.type == "assignment_expression":
        left = around.child_by_field_name("left")
        return left is not None and left.type == "identifier" and declared.get(left.start_byte) in _C_NUMBERS
    if around.type == "return_statement":
        return _returned(program, around) in _C_NUMBERS
    if around.type == "subscript_expression":
        return value == around.child_by_field_name("index")
    if around.type != "binary_expression" or operator(around) not in _COMPARISON:
        return False
    sides = [side for side in around.named_children if side != value]
    return all(side.type == "identifier" and declared.get(side.start_byte) in _C_NUMBERS for side in sides)


def _returned(program: Program, statement: Node) -> str | None:
    """The type a ``return`` must give, as written; None where it is not plain."""
    for around in program.around(statement):
        if around.type == "lambda_expression":
            return None
        if around.type in ("method_declaration", "function_definition"):
            kind, declarator = around.child_by_field_name("type"), around.child_by_field_name("declarator")
            if kind is None or (declarator is not None and declarator.type != "function_declarator"):
                return None
            return program.text(kind)
    return None
