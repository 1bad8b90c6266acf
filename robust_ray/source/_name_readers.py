"""How Python programs read names: what sees those of variables, looks for functions, or runs code in strings."""

from __future__ import annotations

import re

SELF_READING = frozenset((
    *("eval", "exec", "execfile", "globals", "locals", "vars", "f_locals", "f_globals", "_getframe", "currentframe"),
    *("inspect", "__code__", "func_code", "f_code", "co_varnames", "__annotations__", "__kwdefaults__"),
    *("get_type_hints", "numexpr", "duckdb"),
))  # fmt: skip
"""Functions, attributes and modules through which a program sees the names of its variables."""

MODULE_READING = frozenset(("__main__", "modules", "__qualname__"))
"""Modules and attributes through which it sees those of its functions and of the module's variables."""

STRING_RUNNING = frozenset(("timeit", "Timer", "cProfile", "profile", "trace", "patch", "import_module", "__import__"))
"""Functions and modules that are given code, or a path of names, in a string."""

NAMED_IN_STRING = re.compile(r"^\s*(?:>>>|\.\.\.)(.*)$|@(\w+)", re.MULTILINE)
"""Examples of ``doctest``, and the variables that a query of pandas speaks of."""

PLAIN_DECORATORS = frozenset((
    *("staticmethod", "classmethod", "property", "setter", "getter", "deleter", "cached_property", "abstractmethod"),
    *("wraps", "lru_cache", "cache", "contextmanager", "overload", "override", "final", "total_ordering"),
))  # fmt: skip
"""Decorators that pass on arguments as they get them."""

MANGLED = re.compile(r"_+[^_]\w*?__\w")
"""A name that ``__name`` in a class could mean."""
