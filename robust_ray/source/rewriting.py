"""Rewriting Python so that it reads differently and does the same.

Each rewrite takes a syntax tree it may change and random draws, and is applied where it is provably sound: conditions
it needs stand in its docstring. What is assumed throughout: nobody inspects the function's own local names (functions
that call ``locals``, ``vars``, ``eval`` or ``exec`` are left as they are), and callers pass positional parameters by
position.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import numpy as np

from robust_ray.source._local_names import (
    INSPECTORS,
    NAMES,
    constant_target,
    counters,
    fresh_names,
    identifiers,
    is_free,
    renamable,
)

Rewrite = Callable[[ast.Module, np.random.Generator], ast.Module]

LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
"""Statements after which the next one is never reached."""


def rewrite(text: str, rng: np.random.Generator) -> str:
    """``text`` after every rewrite of :data:`REWRITES`, each at about half of the places where it is sound.

    Args:
        text: Python source that compiles.
        rng: Decides the places and the new names.
    """
    tree = ast.parse(text)
    for change in REWRITES:
        tree = change(tree, rng)
    return ast.unparse(ast.fix_missing_locations(tree))


def rename_locals(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """Give local variables and positional parameters other names.

    Sound for a name that means one variable everywhere in the text and is bound by assignment, parameter or ``except``
    only; the new name occurs nowhere in the text and is no builtin.
    """
    names = identifiers(tree)
    if names & INSPECTORS:
        return tree
    free = [name for name in NAMES if is_free(name, names)]
    renames: dict[str, str] = {}
    for old in renamable(tree):
        if free and rng.random() < 0.5:
            renames[old] = free.pop(int(rng.integers(len(free))))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = renames.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = renames.get(node.arg, node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            node.name = renames.get(node.name, node.name)
        elif isinstance(node, ast.Nonlocal):
            node.names = [renames.get(name, name) for name in node.names]
    return tree


def invert_if(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``if c: A else: B`` becomes ``if not c: B else: A``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and node.orelse and rng.random() < 0.5:
            node.test, node.body, node.orelse = _negated(node.test), node.orelse, node.body
    return tree


def invert_ternary(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``a if c else b`` becomes ``b if not c else a``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp) and rng.random() < 0.5:
            node.test, node.body, node.orelse = _negated(node.test), node.orelse, node.body
    return tree


def flip_comparison(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``x < 5`` becomes ``5 > x``.

    Sound where one side is a constant: it has no effect of its own, and its type leaves the answer to the other side.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            continue
        mirrored = MIRRORED.get(type(node.ops[0]))
        sides = (node.left, node.comparators[0])
        if mirrored and any(isinstance(side, ast.Constant) for side in sides) and rng.random() < 0.5:
            node.left, node.comparators, node.ops = sides[1], [sides[0]], [mirrored()]
    return tree


def expand_augmented(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``n += 1`` becomes ``n = n + 1``.

    Sound for a local that holds nothing but constants and sums of them: their types cannot change in place.
    """
    safe = counters(tree)

    def change(statement: ast.stmt) -> list[ast.stmt]:
        if not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Name):
            return [statement]
        name = statement.target.id
        if name not in safe or rng.random() < 0.5:
            return [statement]
        value = ast.BinOp(ast.Name(name, ast.Load()), statement.op, statement.value)
        return [ast.Assign([statement.target], value)]

    return _each_statement(tree, change)


def loop_forever(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``while c: A`` becomes ``while True: if not c: break; A``; sound without an ``else``."""
    for node in ast.walk(tree):
        plain = isinstance(node, ast.While) and not node.orelse and not isinstance(node.test, ast.Constant)
        if plain and rng.random() < 0.5:
            assert isinstance(node, ast.While)
            node.body = [ast.If(_negated(node.test), [ast.Break()], []), *node.body]
            node.test = ast.Constant(True)
    return tree


def for_to_while(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``for x in xs: A`` becomes a ``while`` that asks an iterator; sound without an ``else`` and for a plain name.

    The iterator is asked outside of ``A``, so what ``A`` raises goes where it went before. The builtins it needs must
    not occur in the text under another meaning.
    """
    if identifiers(tree) & {"iter", "next", "StopIteration"}:
        return tree
    fresh = fresh_names(tree, rng)

    def change(statement: ast.stmt) -> list[ast.stmt]:
        plain = isinstance(statement, ast.For) and not statement.orelse and isinstance(statement.target, ast.Name)
        if not plain or rng.random() < 0.5 or (name := next(fresh, None)) is None:
            return [statement]
        assert isinstance(statement, ast.For)
        start = ast.Assign([ast.Name(name, ast.Store())], _call("iter", statement.iter))
        ask = ast.Assign([statement.target], _call("next", ast.Name(name, ast.Load())))
        stop = ast.ExceptHandler(ast.Name("StopIteration", ast.Load()), None, [ast.Break()])
        return [start, ast.While(ast.Constant(True), [ast.Try([ask], [stop], [], []), *statement.body], [])]

    return _each_statement(tree, change)


def return_by_name(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``return e`` becomes ``result = e; return result`` with a name that occurs nowhere else."""
    fresh = fresh_names(tree, rng)

    def change(statement: ast.stmt) -> list[ast.stmt]:
        if not isinstance(statement, ast.Return) or statement.value is None or isinstance(statement.value, ast.Name):
            return [statement]
        if rng.random() < 0.5 or (name := next(fresh, None)) is None:
            return [statement]
        return [ast.Assign([ast.Name(name, ast.Store())], statement.value), ast.Return(ast.Name(name, ast.Load()))]

    return _each_statement(tree, change)


def spell_else(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``if c: return a`` and what follows become ``if c: return a else: …``; sound where the branch always leaves."""
    for block in _blocks(tree):
        for i, statement in enumerate(block[:-1]):
            leaves = isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], LEAVES)
            if leaves and rng.random() < 0.5:
                assert isinstance(statement, ast.If)
                statement.orelse = block[i + 1 :]
                del block[i + 1 :]
                break
    return tree


def swap_constants(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """``a = 1; b = 2`` becomes ``b = 2; a = 1``; sound for different plain names."""
    for block in _blocks(tree):
        for i in range(len(block) - 1):
            first, second = constant_target(block[i]), constant_target(block[i + 1])
            if first and second and first != second and rng.random() < 0.5:
                block[i], block[i + 1] = block[i + 1], block[i]
    return tree


REWRITES: tuple[Rewrite, ...] = (
    rename_locals,
    expand_augmented,
    swap_constants,
    flip_comparison,
    loop_forever,
    for_to_while,
    spell_else,
    invert_if,
    invert_ternary,
    return_by_name,
)
"""Every rewrite, in the order in which :func:`rewrite` applies them."""

MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Is: ast.Is,
    ast.IsNot: ast.IsNot,
}

NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
"""Operators whose opposite asks the same; ``<`` and ``==`` are not among them: a class may answer both as it likes."""


def _negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in NEGATED:
        return ast.Compare(test.left, [NEGATED[type(test.ops[0])]()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


def _call(function: str, argument: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(function, ast.Load()), [argument], [])


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements, outer ones first."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block


def _each_statement(tree: ast.Module, change: Callable[[ast.stmt], list[ast.stmt]]) -> ast.Module:
    for block in list(_blocks(tree)):
        block[:] = [new for statement in block for new in change(statement)]
    return tree
