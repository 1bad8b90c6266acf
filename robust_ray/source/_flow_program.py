"""From a syntax tree to steps that move values between variables."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tree_sitter import Node

from robust_ray.source._flow_rules import RULES, Rule
from robust_ray.source._flow_steps import Read, Step, Variable
from robust_ray.source.identifiers import SourceCode
from robust_ray.source.languages import parse

DEEPEST = 150
"""Constructs with a rule of their own inside each other at most; Python's stack would not hold many more."""

_NO_VARIABLES = frozenset(
    {"primitive_type", "string_content", "string_end", "escape_sequence", "type_conversion", "format_specifier"}
)
"""Types of tokens that no value stands behind; of a string with code inside, its start stands for all of it."""


class NoFlowError(Exception):
    """The flow of a program cannot be told."""


class FlowProgram(NamedTuple):
    """What a program does with its variables."""

    tokens: tuple[tuple[int, int], ...]
    """Byte range of every token; comments and docstrings are left out."""

    steps: Sequence[Step]


def compile_flow(source: SourceCode) -> FlowProgram:
    """The steps of a program.

    Raises:
        NoFlowError: the text does not parse at all, or constructs are nested more than :data:`DEEPEST` deep.
    """
    root = parse(source.data, source.language).root_node
    if root.is_error:
        raise NoFlowError("the parser finds no program in the text")
    compiler = _Compiler(source, root)
    return FlowProgram(compiler.tokens, compiler.steps([root]))


class _Compiler:
    """Reads a syntax tree; the rules of its language call back for the steps and variables of parts of it."""

    def __init__(self, source: SourceCode, root: Node) -> None:
        self._rules = RULES[source.language]
        self._depth = 0
        bindings = {start: binding for start, _, binding in source.occurrences}
        leaves = _leaves(root, set(source.tokens))
        self.tokens = tuple((node.start_byte, node.end_byte) for node in leaves)
        self._spans = set(self.tokens)
        self._variables: dict[int, Variable] = {}
        for i, node in enumerate(leaves):
            start, kind = node.start_byte, node.type
            text = source.between(start, node.end_byte)
            if kind == "identifier" or (kind != text and kind not in _NO_VARIABLES):
                binding = bindings.get(start)
                self._variables[start] = Variable(i, text if binding is None else binding, kind == "identifier")
        self._starts = list(self._variables)

    def steps(self, nodes: Iterable[Node | None]) -> list[Step]:
        """What some nodes do, one after the other."""
        found: list[Step] = []
        stack = [node for node in nodes if node is not None][::-1]
        while stack:
            node = stack.pop()
            rule = self._rules.get(node.type)
            if rule is not None:
                found += self._apply(rule, node)
            elif (node.start_byte, node.end_byte) in self._spans:
                found += map(Read, self.variables(node))
            else:
                stack += node.children[::-1]
        return found

    def variables(self, node: Node | None) -> list[Variable]:
        """All variables in a node, in order of the text."""
        if node is None:
            return []
        first, last = (bisect_left(self._starts, byte) for byte in (node.start_byte, node.end_byte))
        return [self._variables[start] for start in self._starts[first:last]]

    def _apply(self, rule: Rule, node: Node) -> list[Step]:
        if self._depth == DEEPEST:
            raise NoFlowError(f"more than {DEEPEST} constructs are inside each other")
        self._depth += 1
        steps = rule(self, node)
        self._depth -= 1
        return steps


def _leaves(root: Node, tokens: set[tuple[int, int]]) -> list[Node]:
    """The nodes of all tokens, in order of the text, but for those of comments and docstrings."""
    found = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type.endswith("comment") or _is_docstring(node):
            continue
        if (node.start_byte, node.end_byte) in tokens:
            while node.child_count == 1:
                node = node.children[0]
            found.append(node)
        else:
            stack += node.children[::-1]
    return found


def _is_docstring(node: Node) -> bool:
    """Whether a statement is nothing but a string, in Python; elsewhere a semicolon follows."""
    return node.type == "expression_statement" and [child.type for child in node.children] == ["string"]
