"""Which names of a Python syntax tree are free to be taken, hold nothing but counts, or mean one variable."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator

import numpy as np

_NAMES = """
data value item result entry text index count total node key name line size first last current other left right source
target start end limit step buffer field record element output content token part group state table offset
"""

NAMES = tuple(_NAMES.split())
"""Names that new variables and renamed ones get."""

INSPECTORS = frozenset(("locals", "vars", "eval", "exec", "dir"))
"""Builtins that can see a local name."""

CONVENTIONS = frozenset(("self", "cls"))
"""Parameters every Python programmer calls the same."""


def identifiers(tree: ast.AST) -> set[str]:
    """Every name that occurs in the tree, as variable, attribute, parameter, keyword or import."""
    found: set[str] = set()
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, str):
                    found.add(entry)
    return found


def is_free(name: str, taken: set[str]) -> bool:
    """Whether a variable may be given the name: it is not taken and hides no builtin."""
    return name not in taken and not hasattr(builtins, name)


def fresh_names(tree: ast.Module, rng: np.random.Generator) -> Iterator[str]:
    """Names that occur nowhere in the tree; none where one could be inspected, or would not be local to a function."""
    names = identifiers(tree)
    is_function = all(isinstance(node, ast.FunctionDef) for node in tree.body)
    if not is_function or names & INSPECTORS or any(isinstance(node, ast.ClassDef) for node in ast.walk(tree)):
        return
    for i in rng.permutation(len(NAMES)):
        if is_free(NAMES[i], names):
            yield NAMES[i]


def constant_target(statement: ast.stmt) -> str | None:
    """The name of ``name = <constant>``; None for any other statement."""
    if (
        not isinstance(statement, ast.Assign)
        or len(statement.targets) != 1
        or not isinstance(statement.value, ast.Constant)
    ):
        return None
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def counters(tree: ast.Module) -> set[str]:
    """Names whose every binding is a constant, or a constant added in place."""
    good: set[ast.expr] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and constant_target(node):
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


def renamable(tree: ast.Module) -> list[str]:
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
