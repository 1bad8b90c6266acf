"""Rewriting Python so that it reads differently and does the same.

Each rewrite takes a syntax tree it may change and random draws, and is applied where it is provably sound: conditions
it needs stand in its docstring. What is assumed throughout: nobody inspects the function's own local names (functions
that call ``locals``, ``vars``, ``eval`` or ``exec`` are left as they are), and callers pass positional parameters by
position.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Callable, Iterator

import numpy as np

Rewrite = Callable[[ast.Module, np.random.Generator], ast.Module]

NAMES = (
    "data",
    "value",
    "item",
    "result",
    "entry",
    "text",
    "index",
    "count",
    "total",
    "node",
    "key",
    "name",
    "line",
    "size",
    "first",
    "last",
    "current",
    "other",
    "left",
    "right",
    "source",
    "target",
    "start",
    "end",
    "limit",
    "step",
    "buffer",
    "field",
    "record",
    "element",
    "output",
    "content",
    "token",
    "part",
    "group",
    "state",
    "table",
    "offset",
)
"""Names that new variables and renamed ones get."""

INSPECTORS = frozenset(("locals", "vars", "eval", "exec", "dir"))
"""Builtins that can see a local name."""

CONVENTIONS = frozenset(("self", "cls"))
"""Parameters every Python programmer calls the same."""

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
    names = _identifiers(tree)
    if names & INSPECTORS:
        return tree
    free = [name for name in NAMES if name not in names and not hasattr(builtins, name)]
    renames: dict[str, str] = {}
    for old in _renamable(tree):
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
    counters = _counters(tree)

    def change(statement: ast.stmt) -> list[ast.stmt]:
        if not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Name):
            return [statement]
        name = statement.target.id
        if name not in counters or rng.random() < 0.5:
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
    if _identifiers(tree) & {"iter", "next", "StopIteration"}:
        return tree
    fresh = _fresh(tree, rng)

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
    fresh = _fresh(tree, rng)

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
            first, second = _constant_target(block[i]), _constant_target(block[i + 1])
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


def _identifiers(tree: ast.AST) -> set[str]:
    """Every name that occurs in the tree, as variable, attribute, parameter, keyword or import."""
    found: set[str] = set()
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, str):
                    found.add(entry)
    return found


def _fresh(tree: ast.Module, rng: np.random.Generator) -> Iterator[str]:
    """Names that occur nowhere in the tree; none where one could be inspected, or would not be local to a function."""
    names = _identifiers(tree)
    is_function = all(isinstance(node, ast.FunctionDef) for node in tree.body)
    if not is_function or names & INSPECTORS or any(isinstance(node, ast.ClassDef) for node in ast.walk(tree)):
        return
    for i in rng.permutation(len(NAMES)):
        if NAMES[i] not in names and not hasattr(builtins, NAMES[i]):
            yield NAMES[i]


def _constant_target(statement: ast.stmt) -> str | None:
    if (
        not isinstance(statement, ast.Assign)
        or len(statement.targets) != 1
        or not isinstance(statement.value, ast.Constant)
    ):
        return None
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def _counters(tree: ast.Module) -> set[str]:
    """Names whose every binding is a constant, or a constant added in place."""
    good: set[ast.expr] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and _constant_target(node):
            assert isinstance(node, ast.Assign)
            good.add(node.targets[0])
        elif isinstance(node, ast.AugAssign) and isinstance(node.value, ast.Constant):
            good.add(node.target)
    bound: set[str] = set()
    spoiled: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            (bound if node in good else spoiled).add(node.id)
        elif isinstance(node, ast.arg):
            spoiled.add(node.arg)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            spoiled.update(node.names)
        elif isinstance(node, ast.alias):
            spoiled.add(node.asname or node.name)
    return bound - spoiled


def _renamable(tree: ast.Module) -> list[str]:
    """Locals of the outermost functions that mean one variable wherever they occur, in order of first appearance."""
    elsewhere = set(CONVENTIONS)
    order: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            elsewhere.update(argument.arg for argument in node.kwonlyargs)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            elsewhere.add(node.name)
        elif isinstance(node, ast.keyword) and node.arg:
            elsewhere.add(node.arg)
        elif isinstance(node, ast.alias):
            elsewhere.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            elsewhere.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            elsewhere.add(node.rest)
        elif isinstance(node, ast.arg):
            order.setdefault(node.arg)
        elif isinstance(node, ast.Name):
            order.setdefault(node.id)
    scopes = list(_scopes(symtable.symtable(ast.unparse(ast.fix_missing_locations(tree)), "<text>", "exec")))
    local = {name for scope in scopes if scope.get_type() == "function" for name in _bound(scope)}
    return [name for name in order if name in local - elsewhere and not name.startswith("__") and _is_one(name, scopes)]


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)


def _bound(scope: symtable.SymbolTable) -> Iterator[str]:
    return (symbol.get_name() for symbol in scope.get_symbols() if symbol.is_local())


def _is_one(name: str, scopes: list[symtable.SymbolTable]) -> bool:
    """Whether one function binds the name, every other scope that speaks of it means the same, and no class does."""
    seen = [(scope, scope.lookup(name)) for scope in scopes if name in scope.get_identifiers()]
    owners = [scope for scope, symbol in seen if symbol.is_local()]
    if len(owners) != 1 or owners[0].get_type() != "function":
        return False
    return all(symbol.is_local() or symbol.is_free() for _, symbol in seen) and all(
        scope.get_type() == "function" for scope, _ in seen
    )
