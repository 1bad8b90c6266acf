"""``i++``, ``i += 1`` and ``i = i + 1``, where nothing but the new value of ``i`` matters.

Source: Tian et al., "Code Difference Guided Adversarial Example Generation for Deep Code Models" (CODA), ASE 2023,
https://arxiv.org/abs/2301.02412, rule R3.
Deviations: ours is closed under soundness: Java takes part with variables declared ``int`` or ``long``, because the
    forms differ in the casts they imply; Python with variables that are numbers wherever the text binds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from robust_ray.source.edits import Edit
from robust_ray.source.statements._facts import types
from robust_ray.source.statements._numbers import numbers
from robust_ray.source.statements._program import INSPECTORS, Program, operator

_POSTFIX = ("identifier", "field_expression", "subscript_expression", "parenthesized_expression")
"""What may stand before ``++``: other expressions would be read another way."""

_AMOUNTS = ("number_literal", "decimal_integer_literal", "integer", "float")


class Step(NamedTuple):
    """A variable, or another place, moved by an amount."""

    target: Node
    sign: str
    amount: str


def find(program: Program) -> Iterator[Edit]:
    """Every other way to write a step whose value is not used."""
    spellings = _python if program.language == "python" else _braces
    return (
        Edit("increments", (program.splice(node.start_byte, node.end_byte, text),))
        for node, texts in spellings(program)
        for text in texts
        if text.replace(" ", "") != program.text(node).replace(" ", "")
    )


def _braces(program: Program) -> Iterator[tuple[Node, list[str]]]:
    kinds = types(program)
    bindings = {start: binding for start, _, binding in program.source.occurrences}
    for node in program.all("update_expression", "assignment_expression"):
        step = _step(program, node)
        if step is None or not _is_unused(program, node) or not program.is_clean(node):
            continue
        number = bindings.get(step.target.start_byte)
        kind = None if number is None or step.target.type != "identifier" else kinds.get(number)
        if program.language == "java" and kind not in ("int", "long"):
            continue
        target, sign, amount = program.text(step.target), step.sign, step.amount
        texts = [f"{target} {sign}= {amount}"]
        is_narrowed = kind == "int" and program.language == "java" and not amount.isdigit()
        if kind is not None and "tomic" not in kind and not is_narrowed:
            texts.append(f"{target} = {target} {sign} {amount}")
        if amount == "1":
            texts.append(f"{sign}{sign}{target}")
            texts += [f"{target}{sign}{sign}"] if step.target.type in _POSTFIX else []
        yield node, texts


def _python(program: Program) -> Iterator[tuple[Node, list[str]]]:
    if program.source.names & INSPECTORS:
        return
    counters = numbers(program)
    for node in program.all("augmented_assignment", "assignment"):
        step = _step(program, node)
        around = program.parent(node)
        if around is None or around.type != "expression_statement" or not program.is_clean(node):
            continue
        if step is not None and program.text(step.target) in counters:
            target, sign, amount = program.text(step.target), step.sign, step.amount
            yield node, [f"{target} {sign}= {amount}", f"{target} = {target} {sign} {amount}"]


def _step(program: Program, node: Node) -> Step | None:
    """What an expression adds to what; None for any other."""
    if node.type == "update_expression":
        return Step(node.named_children[0], operator(node)[0], "1")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or node.child_by_field_name("type") is not None:
        return None
    written = operator(node)
    if written in ("+=", "-=") and right.type in _AMOUNTS:
        return Step(left, written[0], program.text(right))
    if written != "=" or right.type not in ("binary_expression", "binary_operator") or left.type != "identifier":
        return None
    first, second = right.named_children[0], right.named_children[-1]
    is_step = operator(right) in ("+", "-") and second.type in _AMOUNTS and program.text(first) == program.text(left)
    return Step(left, operator(right), program.text(second)) if is_step and len(right.named_children) == 2 else None


def _is_unused(program: Program, node: Node) -> bool:
    """Whether the expression is a statement, or one of those a ``for`` ends each turn with."""
    around = list(program.around(node))
    while around[0].type == "comma_expression" and program.language == "c":
        node, around = around[0], around[1:]
    if around[0].type == "for_statement":
        return node in around[0].children_by_field_name("update")
    if around[0].type != "expression_statement" or around[1].type == "switch_rule":
        return False
    return len(around) < 3 or around[2].type != "parenthesized_expression"
