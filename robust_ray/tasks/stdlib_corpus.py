"""The corpus every machine already has: functions of the running Python's standard library.

The embedded data sets are derived from it at run time: nothing is copied into this project, nothing is downloaded.
Functions are grouped by top-level module, and a module belongs to one split: what a model is tested on it has never
seen a neighbour of.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import os
import platform
import re
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from robust_ray.core.identity import digest, files_digest
from robust_ray.tasks.base import Split
from robust_ray.tasks.datasets import unique

GENERATOR_VERSION = 1
"""Raised with any change to what the embedded data sets contain."""

SKIPPED = frozenset(
    {"test", "tests", "site-packages", "dist-packages", "idlelib", "lib2to3", "tkinter", "turtledemo"}
    | {"ensurepip", "encodings", "pydoc_data", "__pycache__", "__phello__"}
)
"""Folders that are optional in some installations, machine-made, or hold tables rather than code."""

LINES = 12
"""Lines of a function at most, in its file: small models read small functions."""

SHARES: tuple[tuple[Split, float], ...] = (("train", 0.70), ("valid", 0.82), ("test", 1.0))
"""Upper ends of the share of modules each split gets."""


@dataclass(frozen=True)
class Function:
    """One function of the standard library, without decorators and docstring."""

    uid: str
    """``module:qualified.name``, made unique."""

    group: str
    """Top-level module it comes from."""

    text: str
    tokens: int
    """Words and signs, indentation not counted."""

    docstring: str | None
    """What its author says of it, indentation taken off."""

    @property
    def file(self) -> str:
        """The module it comes from, with its package."""
        return self.uid.partition(":")[0]

    @property
    def split(self) -> Split:
        """The split of its module."""
        share = int.from_bytes(hashlib.sha256(self.group.encode()).digest()[:8], "big") / 2**64
        return next(split for split, end in SHARES if share < end)


def embedded_revision() -> str:
    """``python-3.11.7-<hash>``: the Python, its library's files, and the generator's version."""
    return f"python-{platform.python_version()}-{_corpus_digest()}"


@lru_cache(maxsize=1)
def functions() -> tuple[Function, ...]:
    """Every usable function, by file and line; no text occurs twice."""
    found: list[Function] = []
    texts: set[str] = set()
    uids: set[str] = set()
    root = _library()
    for path in _modules():
        parts = path.relative_to(root).with_suffix("").parts
        for name, node in _definitions(path):
            docstring = ast.get_docstring(node)
            text = _plain(node)
            if text is None or text in texts:
                continue
            texts.add(text)
            uid = unique(f"{'.'.join(parts)}:{name}", uids)
            found.append(Function(uid, parts[0], text, len(re.findall(r"\w+|[^\w\s]", text)), docstring))
    return tuple(found)


def ordered(candidates: Iterable[Function]) -> list[Function]:
    """Functions sorted by a hash of their uid: a prefix is a sample over all modules."""
    return sorted(candidates, key=lambda function: hashlib.sha256(function.uid.encode()).digest())


def _library() -> Path:
    return Path(sysconfig.get_path("stdlib"))


@lru_cache(maxsize=1)
def _modules() -> tuple[Path, ...]:
    found: list[Path] = []
    for folder, inner, files in os.walk(_library()):
        inner[:] = itertools.filterfalse(_is_skipped, inner)  # not even entered: installed packages are many
        found += [Path(folder, name) for name in files if name.endswith(".py") and not _is_skipped(name)]
    return tuple(sorted(found))


def _is_skipped(name: str) -> bool:
    return name in SKIPPED or name.startswith(("_sysconfigdata", "config-"))


@lru_cache(maxsize=1)
def _corpus_digest() -> str:
    return digest([GENERATOR_VERSION, files_digest(_modules())])


def _definitions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods of a file with their qualified names; functions inside functions are left out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        prefix, scope = pending.pop(0)
        for node in ast.iter_child_nodes(scope):
            if isinstance(node, ast.FunctionDef):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                pending.append((f"{prefix}{node.name}.", node))


def _plain(node: ast.FunctionDef) -> str | None:
    """The function's text if it is short and compiles on its own, else None."""
    if (node.end_lineno or node.lineno) - node.lineno > LINES:
        return None
    node.decorator_list = []
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:]
    if not node.body:
        return None
    text = ast.unparse(node)
    return text if compiles(text) else None


def compiles(text: str) -> bool:
    """Whether the text is a program by itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<embedded>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
