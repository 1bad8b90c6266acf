"""Juliet test suites for C and Java: folders ``CWE…`` of test cases, each with a bad function and good ones.

Source: https://samate.nist.gov/SARD/test-suites/112 (C/C++ 1.3) and https://samate.nist.gov/SARD/test-suites/111
(Java 1.3); naming as in Boland & Black, "The Juliet 1.1 C/C++ and Java Test Suite", IEEE Computer 2012.

An example is one bad or good function with the functions of its file that it calls. Test cases of more than one file
are left out, as are C++ and the drivers ``good`` and ``main``. What would give the answer away is taken out: comments,
and names that hold ``good``, ``bad`` or a CWE number. Published whole: split here by a hash of the case's name without
its flow variant, so that the variants of one case are never apart.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import tree_sitter

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.source.languages import parse
from robust_ray.tasks.base import DataSet, Split
from robust_ray.tasks.layouts.base import Layout, hashed_split
from robust_ray.tasks.layouts.comments import without_comments

JULIET = DataSet(
    name="Juliet test suite 1.3",
    link="https://samate.nist.gov/SARD/test-suites",
    licence="public domain",
    languages=("c", "java"),
    sizes={},
)

ROOTS = (".", "testcases", "src/testcases")
"""Where the folders of weaknesses may lie."""

ENDINGS = {".c": "c", ".java": "java"}
_CASE = re.compile(r"(CWE\d+_\w+)_\d\d")
_BAD = re.compile(r"(?:\w+_)?bad")
_GOOD = re.compile(r"(?:\w+_)?good(?:G2B|B2G|\d)\w*(?<!Sink)(?<!Source)")
_TELLING = re.compile(r"\w*(?:good|bad|CWE\d)\w*", re.IGNORECASE)
_FUNCTIONS = {"c": "function_definition", "java": "method_declaration"}


class Juliet(Layout):
    """Test cases, one a file."""

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Layout.published`."""
        return (JULIET,)

    def shape(self) -> str:
        """See :meth:`Layout.shape`."""
        return "folders CWE… as in Juliet"

    def fits(self, folder: Path) -> bool:
        """See :meth:`Layout.fits`."""
        return any(path.is_dir() for root in ROOTS for path in (folder / root).glob("CWE*"))

    def files(self, folder: Path) -> Sequence[Path]:
        """See :meth:`Layout.files`."""
        return _cases(folder)

    def place(self, folder: Path, split: Split) -> Path:
        """See :meth:`Layout.place`."""
        return folder

    def language(self, folder: Path) -> str:
        """That of most files."""
        found = [ENDINGS[path.suffix] for path in _cases(folder)]
        return max(sorted(set(found)), key=found.count, default="c")

    def read(self, folder: Path, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Layout.read`."""
        for path in _cases(folder):
            case = _CASE.fullmatch(path.stem)
            if case is None or hashed_split(case[1]) != split:
                continue
            if ENDINGS[path.suffix] != language:
                raise DataError(
                    f"{path}: all code of a task must be in one language, here {language!r}, but this is not; "
                    "give the folder of one language"
                )
            for name, label, text in programs(path.read_text(encoding="utf-8", errors="replace"), language):
                yield Example(uid=f"{path.stem}/{name}", segments=(text,), label=label, language=language)


def programs(text: str, language: str) -> Iterator[tuple[str, int, str]]:
    """Short name, label and neutral text of every bad and good function of a test case."""
    functions = dict(_functions(without_comments(text, language), language))
    for name in functions:
        label = 1 if _BAD.fullmatch(name) else 0 if _GOOD.fullmatch(name) else None
        if label is not None:
            needed = _reached(name, functions)
            yield name.rsplit("_", 1)[-1], label, neutral("\n\n".join(functions[each] for each in needed))


def neutral(text: str) -> str:
    """The text with every telling name made ``function_1``, ``function_2`` … in order."""
    names: dict[str, str] = {}
    return _TELLING.sub(lambda found: names.setdefault(found[0], f"function_{len(names) + 1}"), text)


@lru_cache(maxsize=4)
def _cases(folder: Path) -> tuple[Path, ...]:
    """Test cases of one file, by path; looked for once, as there may be a hundred thousand files."""
    return tuple(
        sorted(
            path
            for root in ROOTS
            for weakness in (folder / root).glob("CWE*")
            for path in weakness.rglob("*")
            if path.suffix in ENDINGS and _CASE.fullmatch(path.stem)
        )
    )


def _functions(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Name and text of every function, in order."""
    data = text.encode()
    pending = [parse(data, language).root_node]
    while pending:
        node = pending.pop()
        if node.type == _FUNCTIONS[language]:
            start = data.rfind(b"\n", 0, node.start_byte) + 1
            yield _name(node), textwrap.dedent(data[start : node.end_byte].decode())
        else:
            pending.extend(reversed(node.children))


def _name(function: tree_sitter.Node) -> str:
    node: tree_sitter.Node | None = function
    while node is not None and node.type != "identifier":
        node = node.child_by_field_name("declarator") or node.child_by_field_name("name")
    return node.text.decode() if node is not None and node.text is not None else ""


def _reached(name: str, functions: dict[str, str]) -> list[str]:
    """The function and all it calls, in file order."""
    reached = {name}
    pending = [name]
    while pending:
        called = set(re.findall(r"\w+", functions[pending.pop()])) & functions.keys()
        pending += called - reached
        reached |= called
    return [each for each in functions if each in reached]


LAYOUT = Juliet()
