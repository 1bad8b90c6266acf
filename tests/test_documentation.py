"""What the documentation promises: links lead somewhere, public names and fields are described where they stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
MODULES = [path for room in ("robust_ray", "analysis") for path in sorted((REPOSITORY / room).rglob("*.py"))]
PAGES = [
    path
    for path in sorted(REPOSITORY.rglob("*.md"))
    if not any(part.startswith(".") or part == "results" for part in path.relative_to(REPOSITORY).parts)
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
DESCRIBED = {"Component", "Record"}
"""Classes whose subclasses' fields are documentation: what a sweep may set, and the columns of the tables."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


TREES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
CLASSES = {node.name: node for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)}


def ancestors(node: ast.ClassDef) -> Iterator[str]:
    """Names of a class's bases, and of theirs as far as they are ours."""
    for base in node.bases:
        name = ast.unparse(base).split("[")[0].split(".")[-1]
        yield name
        if name in CLASSES and name != node.name:
            yield from ancestors(CLASSES[name])


def is_inherited(method: Function, owner: ast.ClassDef) -> bool:
    """Whether a base of ours describes the method already."""
    bases = (CLASSES[name] for name in ancestors(owner) if name in CLASSES)
    return any(
        isinstance(node, Function) and node.name == method.name and ast.get_docstring(node)
        for base in bases
        for node in base.body
    )


def undescribed(tree: ast.Module) -> Iterator[str]:
    """Public names of a public module that have no docstring."""
    if not ast.get_docstring(tree):
        yield "the module"
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.name
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if not isinstance(method, Function) or method.name.startswith("_") or is_inherited(method, node):
                    continue
                if not ast.get_docstring(method):
                    yield f"{node.name}.{method.name}"


def undescribed_fields(tree: ast.Module) -> Iterator[str]:
    """Fields of components and records that have no docstring below them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or DESCRIBED.isdisjoint({node.name, *ancestors(node)}):
            continue
        for field, below in zip(node.body, [*node.body[1:], None], strict=True):
            if not isinstance(field, ast.AnnAssign) or "ClassVar" in ast.unparse(field.annotation):
                continue
            text = below.value if isinstance(below, ast.Expr) else None
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                yield f"{node.name}.{ast.unparse(field.target)}"


@pytest.mark.parametrize("module", [name for name in TREES if not re.search("/_[^_]", name)])
def test_public_names_are_described(module: str) -> None:
    assert list(undescribed(TREES[module])) == []


@pytest.mark.parametrize("module", TREES)
def test_fields_of_components_and_records_are_described(module: str) -> None:
    assert list(undescribed_fields(TREES[module])) == []


@pytest.mark.parametrize("page", map(name_of, PAGES))
def test_links_lead_somewhere(page: str) -> None:
    path = REPOSITORY / page
    links = LINK.findall(path.read_text(encoding="utf-8"))
    relative = [link.split("#")[0] for link in links if "://" not in link and not link.startswith(("#", "mailto:"))]
    assert [link for link in relative if not (path.parent / link).exists()] == []
