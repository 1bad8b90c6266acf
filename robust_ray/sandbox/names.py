"""The names that a program finds defined, and those it may not speak."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Callable, Iterator
from typing import Any

from robust_ray.sandbox.stand_ins import Run, Stand, shown

_HARMLESS = """
add all and author bool call class contains del delitem doc enter eq exit file float ge getitem gt hash iadd init int
invert isub iter le len lt main mod mul name ne neg new next or pow qualname radd repr reversed rmul rsub setitem slots
str sub truediv version xor
"""

ALLOWED = frozenset(f"__{word}__" for word in _HARMLESS.split())
"""Special names through which nothing but values is reached."""

INSIDES = ("f_", "gi_", "cr_", "ag_", "tb_", "co_", "func_")
"""Beginnings of the names of attributes of frames, code and functions."""

_FUNCTIONS = """
Ellipsis NotImplemented __build_class__ abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict
divmod enumerate filter float format frozenset hash hex int iter len list map max min next object oct ord pow property
range repr reversed round set slice sorted staticmethod str sum super tuple type zip
"""

BUILTINS = {
    name: value
    for name, value in vars(builtins).items()
    if name in _FUNCTIONS.split() or (isinstance(value, type) and issubclass(value, BaseException))
}
"""What computes and nothing else; any other name that is not defined stands for nothing in particular."""


class Names(dict[str, Any]):
    """The builtins of a run: what is missing, and bound nowhere in the program, is a stand-in known by its name."""

    def __init__(self, run: Run, bound: frozenset[str]) -> None:
        super().__init__(BUILTINS)
        self.run = run
        self.bound = bound
        self["print"] = lambda *args, **options: run.note(f"print {shown(args)} {shown(options)}")
        self["__import__"] = lambda name, *_: Stand(run, f"module {name}")
        self["getattr"] = self._getattr
        self["hasattr"] = lambda value, name: self._getattr(value, name, self) is not self
        self["isinstance"] = functools.partial(self._is_of, isinstance)
        self["issubclass"] = functools.partial(self._is_of, issubclass)

    def __missing__(self, name: str) -> Any:
        if name in self.bound:
            raise KeyError(name)
        return Stand(self.run, name)

    def _is_of(self, asked: Callable[[Any, Any], bool], value: object, kinds: object) -> bool:
        """``isinstance`` or ``issubclass``, where a stand-in may be the class."""
        if isinstance(kinds, tuple):
            return any(self._is_of(asked, value, kind) for kind in kinds)
        if isinstance(kinds, Stand):
            return bool(self.run.draw(f"{shown(value)} is a {kinds}", 2))
        return asked(value, kinds)

    @staticmethod
    def _getattr(value: object, name: str, *default: object) -> object:
        """Like the builtin, but for what a leading underscore hides and what frames show."""
        if not isinstance(name, str):
            raise TypeError("attribute name must be string")
        if name.startswith(("_", *INSIDES)) or name == "mro":
            if default:
                return default[0]
            raise AttributeError(name)
        return getattr(value, name, *default)


def bound(tree: ast.Module) -> frozenset[str]:
    """Names that a program binds somewhere."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            found.add(node.name or "")
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return frozenset(found)


def is_harmless(tree: ast.Module) -> bool:
    """Whether no name in a program reaches into Python itself."""
    return not any(
        word not in ALLOWED
        and ((word.startswith("__") and word.endswith("__")) or word.startswith(INSIDES) or word == "mro")
        for word in words(tree)
    )


def words(tree: ast.Module) -> Iterator[str]:
    """Every identifier in a program, and every text constant that could be one."""
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            yield from (word for word in (value if isinstance(value, list) else [value]) if isinstance(word, str))
