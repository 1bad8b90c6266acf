"""``for`` becomes ``while``, and ``while`` becomes ``for``.

Source: Tian et al., "Code Difference Guided Adversarial Example Generation for Deep Code Models" (CODA), ASE 2023,
https://arxiv.org/abs/2301.02412, rule R1.
Deviations: a ``for`` whose body may ``continue`` stays one; Python's ``for`` asks an iterator, and its ``while``
    becomes an endless one that breaks, since it has no ``for`` with a condition.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from robust_ray.source._scopes import WORD
from robust_ray.source.edits import Edit, Splice
from robust_ray.source.statements._facts import binds_pattern, continues, declared, last_statement, may_complete
from robust_ray.source.statements._program import INSPECTORS, Program, deeper, token

_TRUE = {"c": "1", "java": "true"}

_ITERABLE = ("list", "tuple", "string")
"""What makes an iterator whose end nobody notices, so that a variable may hold it for longer."""

_ITERABLE_CALLS = frozenset(("range", "xrange", "sorted"))
"""Builtins that return such a value."""

_WRAPPERS = frozenset(("enumerate", "zip", "reversed"))
"""Builtins that return such a value if all they are called with is one."""


def find(program: Program) -> Iterator[Edit]:
    """Every other way to write a loop."""
    if program.language == "python":
        rewritings = (("while_statement", _forever), ("while_statement", _conditional), ("for_statement", _iterator))
    else:
        rewritings = (("while_statement", _for), ("for_statement", _while), ("for_statement", _while_with_steps))
    for kind, rewriting in rewritings:
        for node in program.all(kind):
            if program.is_clean(node):
                splices = rewriting(program, node)
                if splices:
                    yield Edit("loops", splices)


def _for(program: Program, node: Node) -> tuple[Splice, ...]:
    """``while (c)`` becomes ``for (; c; )``."""
    condition = node.child_by_field_name("condition")
    if condition is None or len(condition.named_children) != 1:
        return ()
    start, end = node.start_byte, condition.end_byte - 1
    return (
        Splice(start, start + len("while"), "for"),
        Splice(condition.start_byte + 1, condition.start_byte + 1, "; "),
        Splice(end, end, "; "),
    )


def _while(program: Program, node: Node) -> tuple[Splice, ...]:
    """``for (; c; )`` becomes ``while (c)``."""
    closing = _closing(node)
    if closing is None or _parts(program, node, "init", "initializer", "update"):
        return ()
    condition = node.child_by_field_name("condition")
    if condition is None:
        return (Splice(node.start_byte, closing.end_byte, f"while ({_TRUE[program.language]})"),)
    start, end = condition.start_byte, condition.end_byte
    return Splice(node.start_byte, start, "while ("), Splice(end, closing.end_byte, ")")


def _while_with_steps(program: Program, node: Node) -> tuple[Splice, ...]:
    """``for (a; c; s) { A }`` becomes ``{ a; while (c) { A s; } }``.

    Sound where ``A`` gets to its end, and has no variable of a name that ``s`` speaks of.
    """
    closing, body = _closing(node), node.child_by_field_name("body")
    first, steps = _parts(program, node, "init", "initializer"), _parts(program, node, "update")
    around = program.parent(node)
    if closing is None or body is None or not first + steps or around is None or around.type == "labeled_statement":
        return ()
    if continues(body) or (program.language == "java" and steps and not may_complete(program, body)):
        return ()
    condition = node.child_by_field_name("condition")
    if binds_pattern(condition):
        return ()
    test = _TRUE[program.language] if condition is None else program.text(condition)
    start = "".join(f"{part} " for part in first)
    header = program.splice(node.start_byte, closing.end_byte, f"{{ {start}while ({test})")
    closed = Splice(node.end_byte, node.end_byte, " }")
    if not steps:
        return header, closed
    if body.type not in ("block", "compound_statement"):
        opening = Splice(body.start_byte, body.start_byte, "{ ")
        return header, opening, Splice(body.end_byte, body.end_byte, f" {' '.join(steps)} }} }}")
    if set(declared(body)) & {word for step in steps for word in WORD.findall(step)}:
        return ()
    end = body.end_byte - 1
    blanks, last = program.indentation(end), last_statement(body)
    indented = None if last is None else program.indentation(last.start_byte)
    text = " ".join(steps)
    if blanks is None:
        text = f"{text} "
    else:
        inner = deeper(blanks) if indented is None else indented.removeprefix(blanks)
        text = f"{inner}{text}{program.newline}{blanks}"
    return header, Splice(end, end, text), closed


def _closing(node: Node) -> Node | None:
    """The parenthesis before a loop's body."""
    return token(node, ")")


def _parts(program: Program, node: Node, *fields: str) -> list[str]:
    """What stands in these fields, each as a statement."""
    parts = [part for field in fields for part in node.children_by_field_name(field)]
    return [f"{program.text(part).rstrip('; ')};" for part in parts if part.is_named]


def _forever(program: Program, node: Node) -> tuple[Splice, ...]:
    """``while c: A`` becomes ``while True: if not (c): break; A``; sound without an ``else``."""
    condition, first = node.child_by_field_name("condition"), _first(node)
    if condition is None or first is None or node.child_by_field_name("alternative") is not None:
        return ()
    if condition.type in ("true", "integer"):
        return ()
    inner = deeper(program.indentation(first.start_byte))
    check = program.before(first, (f"if not ({program.text(condition)}):", f"{inner}break"))
    if check is None:
        return ()
    return program.splice(condition.start_byte, condition.end_byte, "True"), check


def _conditional(program: Program, node: Node) -> tuple[Splice, ...]:
    """``while True: if c: break; A`` becomes ``while not (c): A``; sound without an ``else``."""
    condition, first = node.child_by_field_name("condition"), _first(node)
    if condition is None or first is None or node.child_by_field_name("alternative") is not None:
        return ()
    second, test, then = (
        program.next_statement(first),
        first.child_by_field_name("condition"),
        first.child_by_field_name("consequence"),
    )
    if program.text(condition) not in ("True", "1") or first.type != "if_statement" or second is None:
        return ()
    if first.child_by_field_name("alternative") is not None or then is None or test is None:
        return ()
    if [child.type for child in then.named_children] != ["break_statement"]:
        return ()
    return (
        program.splice(condition.start_byte, condition.end_byte, f"not ({program.text(test)})"),
        Splice(first.start_byte, second.start_byte, ""),
    )


def _iterator(program: Program, node: Node) -> tuple[Splice, ...]:
    """``for x in xs: A`` becomes a ``while`` that asks an iterator; sound without an ``else`` and for a plain name.

    A loop that is left early drops its iterator at once, which a generator may notice: a variable holds it for longer.
    """
    target, iterable, first = node.child_by_field_name("left"), node.child_by_field_name("right"), _first(node)
    colon, blanks = token(node, ":"), program.indentation(node.start_byte)
    if target is None or iterable is None or first is None or colon is None or blanks is None:
        return ()
    if program.source.names & (INSPECTORS | {"iter", "next", "StopIteration"}) or any(program.all("wildcard_import")):
        return ()
    if node.children[0].type != "for" or target.type != "identifier" or node.child_by_field_name("alternative"):
        return ()
    if not _is_harmless(program, iterable):
        return ()
    scopes = ("function_definition", "class_definition", "except_clause")
    scope = next((around.type for around in program.around(node) if around.type in scopes), "module")
    name = program.fresh(f"iterator_{list(program.all('for_statement')).index(node)}")
    if scope in scopes[1:] or name is None:
        return ()
    inner = deeper(program.indentation(first.start_byte))
    ask = program.before(
        first, ("try:", f"{inner}{program.text(target)} = next({name})", "except StopIteration:", f"{inner}break")
    )
    if ask is None:
        return ()
    start = f"{name} = iter({program.text(iterable)}){program.newline}{blanks}while True"
    return Splice(node.start_byte, colon.start_byte, start), ask


def _is_harmless(program: Program, iterable: Node) -> bool:
    """Whether an expression is of a builtin type whose iterator does nothing when it is dropped."""
    if iterable.type in _ITERABLE:
        return True
    called, arguments = iterable.child_by_field_name("function"), iterable.child_by_field_name("arguments")
    if called is None or arguments is None or program.text(called) in program.declared:
        return False
    name, values = program.text(called), arguments.named_children
    return name in _ITERABLE_CALLS or (name in _WRAPPERS and all(_is_harmless(program, value) for value in values))


def _first(node: Node) -> Node | None:
    """The first statement of a Python loop."""
    body = node.child_by_field_name("body")
    children = [] if body is None else [child for child in body.named_children if child.type != "comment"]
    return children[0] if children else None
