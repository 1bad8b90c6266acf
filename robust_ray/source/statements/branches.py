"""``if`` and ``else`` written in another way.

Source: Tian et al., "Code Difference Guided Adversarial Example Generation for Deep Code Models" (CODA), ASE 2023,
https://arxiv.org/abs/2301.02412, rule R2.
Deviations: an ``else`` is dropped, or made of the next ``if``, only where the branch before it never gets to its end;
    branches may also be swapped under a negation, and ``else if`` be written with a block of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from robust_ray.source.edits import Edit, Splice
from robust_ray.source.statements._facts import binds_pattern, leaves
from robust_ray.source.statements._program import Program, operator, token


def find(program: Program) -> Iterator[Edit]:
    """Every other way to write an ``if``."""
    rewritings = (
        (_swap_python, _elif, _join_python) if program.language == "python" else (_swap, _nest, _flatten, _join)
    )
    for node in program.all("if_statement"):
        if program.is_clean(node):
            for rewriting in rewritings:
                splices = rewriting(program, node)
                if splices:
                    yield Edit("branches", splices)


def _else(node: Node) -> Node | None:
    """The statement after ``else``."""
    alternative = node.child_by_field_name("alternative")
    if alternative is not None and alternative.type == "else_clause":
        return alternative.named_children[-1]
    return alternative


def _swap(program: Program, node: Node) -> tuple[Splice, ...]:
    """``if (c) A else B`` becomes ``if (!(c)) B else A``."""
    condition, then, other = node.child_by_field_name("condition"), node.child_by_field_name("consequence"), _else(node)
    if condition is None or then is None or other is None or len(condition.named_children) != 1:
        return ()
    return (
        *_negated(program, condition),
        _exchanged(program, then, other, _block(program, other), _block(program, then)),
    )


def _exchanged(program: Program, then: Node, other: Node, first: str, second: str) -> Splice:
    """Both branches anew, and the ``else`` between them, so that it cannot be dropped at the same time."""
    between = program.between(then.end_byte, other.start_byte)
    return program.splice(then.start_byte, other.end_byte, f"{first}{between}{second}")


def _negated(program: Program, condition: Node) -> tuple[Splice, ...]:
    test = condition.named_children[0]
    if test.type == "unary_expression" and operator(test) == "!":
        return (Splice(test.start_byte, test.named_children[-1].start_byte, ""),)
    return Splice(test.start_byte, test.start_byte, "!("), Splice(test.end_byte, test.end_byte, ")")


def _block(program: Program, statement: Node) -> str:
    text = program.text(statement)
    return text if statement.type in ("compound_statement", "block") else f"{{ {text} }}"


def _nest(program: Program, node: Node) -> tuple[Splice, ...]:
    """``else if`` becomes ``else { if … }``."""
    other = _else(node)
    if other is None or other.type != "if_statement":
        return ()
    return Splice(other.start_byte, other.start_byte, "{ "), Splice(other.end_byte, other.end_byte, " }")


def _flatten(program: Program, node: Node) -> tuple[Splice, ...]:
    """``else { if … }`` becomes ``else if``; where no ``else`` can follow that would be taken for the inner one's.

    The block must stay one statement, whatever else is edited: the word ``if`` is written anew, so that nothing can be
    put before it, and the inner ``if`` must not be one that can lose its ``else``.
    """
    block = _else(node)
    if block is None or block.type not in ("compound_statement", "block") or len(block.named_children) != 1:
        return ()
    inner = block.named_children[0]
    top = node
    while (around := program.parent(top)) is not None and (
        around.type == "else_clause" or around.child_by_field_name("alternative") == top
    ):
        top = around
    if (
        inner.type != "if_statement"
        or leaves(inner.child_by_field_name("consequence"))
        or not program.is_statement(top)
    ):
        return ()
    return (
        program.splice(block.start_byte, inner.start_byte + len("if"), "if"),
        Splice(inner.end_byte, block.end_byte, ""),
    )


def _join(program: Program, node: Node) -> tuple[Splice, ...]:
    """``if (c) return; else B`` becomes ``if (c) return; B``, and ``if (c) return; if …`` gets an ``else``."""
    condition = node.child_by_field_name("condition")
    if not program.is_statement(node) or not leaves(node.child_by_field_name("consequence")) or condition is None:
        return ()
    if binds_pattern(condition):
        return ()
    other = _else(node)
    if other is None:
        after = program.next_statement(node)
        if after is None or after.type != "if_statement" or not program.is_clean(after):
            return ()
        return (Splice(after.start_byte, after.start_byte, "else "),)
    word = token(program.parent(other) or node, "else")
    if word is None or program.between(word.end_byte, other.start_byte).strip():
        return ()
    blanks = program.indentation(node.start_byte)
    line = " " if blanks is None else program.newline + blanks
    start = len(program.data[: word.start_byte].rstrip())
    gap = program.between(start, word.start_byte)
    return (Splice(start, other.start_byte, gap if "\n" in gap else line),)


def _swap_python(program: Program, node: Node) -> tuple[Splice, ...]:
    """``if c: A else: B`` becomes ``if not (c): B else: A``; where both are indented alike, or stand on one line."""
    condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    others = node.children_by_field_name("alternative")
    if condition is None or then is None or len(others) != 1 or others[0].type != "else_clause":
        return ()
    other = others[0].child_by_field_name("body")
    if other is None or not then.named_children or not other.named_children:
        return ()
    if program.indentation(then.start_byte) != program.indentation(other.start_byte):
        return ()
    return (
        program.splice(condition.start_byte, condition.start_byte, "not ("),
        program.splice(condition.end_byte, condition.end_byte, ")"),
        _exchanged(program, then, other, program.text(other), program.text(then)),
    )


def _elif(program: Program, node: Node) -> tuple[Splice, ...]:
    """``if c: return elif d:`` becomes ``if c: return if d:``."""
    others = node.children_by_field_name("alternative")
    if not others or others[0].type != "elif_clause" or not leaves(node.child_by_field_name("consequence")):
        return ()
    return (Splice(others[0].start_byte, others[0].start_byte + len("elif"), "if"),)


def _join_python(program: Program, node: Node) -> tuple[Splice, ...]:
    """``if c: return if d:`` becomes ``if c: return elif d:``; nothing can be put between at the same time."""
    after = program.next_statement(node)
    if node.children_by_field_name("alternative") or not leaves(node.child_by_field_name("consequence")):
        return ()
    if after is None or after.type != "if_statement" or not program.is_clean(after):
        return ()
    blanks = program.between(node.end_byte, after.start_byte)
    return (Splice(node.end_byte, after.start_byte + len("if"), f"{blanks}elif"),)
