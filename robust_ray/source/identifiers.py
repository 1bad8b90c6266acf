"""What a program's text says about its names: which may be changed, where they occur, what they refer to."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Tree

from robust_ray.source._c import CResolver
from robust_ray.source._java import JavaResolver
from robust_ray.source._python import PythonResolver
from robust_ray.source._scopes import WORD, Identifier, Occurrence, Resolver
from robust_ray.source.languages import parse

_RESOLVERS: dict[str, type[Resolver]] = {"c": CResolver, "java": JavaResolver, "python": PythonResolver}

_STRINGS = {"string", "string_literal", "string_content", "char_literal", "character_literal"}
"""Nodes that are one token though the grammar cuts them up, unless code is interpolated."""

_CALLED = re.compile(rb"(?:\s|\\\n|/\*.*?\*/|//[^\n]*)*\(", re.DOTALL)
"""What stands behind a name that is called."""


@dataclass(frozen=True)
class SourceCode:
    """A program's text with all that a renaming needs to know; found once, then only read."""

    text: str
    """The code, as the victim reads it."""

    data: bytes
    """The same in UTF-8: every span counts these bytes."""

    language: str
    """``c``, ``java`` or ``python``."""

    identifiers: tuple[Identifier, ...]
    """Names that are safe to change, unique, by first appearance."""

    names: frozenset[str]
    """Every word of the text that could be an identifier, also members, types and words in strings and comments.

    Words that Python takes for others (NFKC) are there in both spellings.
    """

    tokens: tuple[tuple[int, int], ...]
    """Byte range of every token, comments left out; a string without interpolation is one token."""

    occurrences: tuple[Occurrence, ...]
    """Every variable and function in the text, in order, with what it refers to."""

    error_count: int
    """Syntax errors: nodes the parser could not place, and tokens it had to invent."""

    def between(self, start: int, end: int) -> str:
        """Text of a range of bytes."""
        return self.data[start:end].decode("utf-8", "surrogatepass")

    @property
    def token_texts(self) -> list[str]:
        """Text of every token."""
        return [self.between(start, end) for start, end in self.tokens]

    @functools.cached_property
    def spans(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """Name that may be changed → byte range of each occurrence."""
        return {identifier.name: identifier.spans for identifier in self.identifiers}

    @functools.cached_property
    def functions(self) -> frozenset[str]:
        """Names that may be changed and are those of functions, or of variables that hold some and are called."""
        return frozenset(
            identifier.name
            for identifier in self.identifiers
            if identifier.kind == "function" or any(_CALLED.match(self.data, end) for _, end in identifier.spans)
        )


@functools.lru_cache(maxsize=256)
def analyse(text: str, language: str) -> SourceCode:
    """Parse ``text`` and resolve its names.

    Code that does not parse is analysed as far as it goes: names near a syntax error are kept out of ``identifiers``.

    Raises:
        DataError: the language is not one of ``LANGUAGES``.
    """
    data = text.encode("utf-8", "surrogatepass")
    tree = parse(data, language)
    occurrences, identifiers = _RESOLVERS[language](data).resolve(tree.root_node)
    tokens, error_count = _tokens(tree, data)
    return SourceCode(
        text=text,
        data=data,
        language=language,
        identifiers=identifiers,
        names=frozenset(WORD.findall(text if text.isascii() else f"{text}\n{unicodedata.normalize('NFKC', text)}")),
        tokens=tokens,
        occurrences=occurrences,
        error_count=error_count,
    )


def _tokens(tree: Tree, data: bytes) -> tuple[tuple[tuple[int, int], ...], int]:
    """Spans of the tokens, and the number of syntax errors."""
    tokens: list[tuple[int, int]] = []
    errors = 0
    for node, is_leaf in _nodes(tree):
        if node.is_error or node.is_missing:
            errors += 1
        start, end = node.start_byte, node.end_byte
        if is_leaf and start < end and not data[start:end].isspace():
            tokens.append((start, end))
    return tuple(tokens), errors


def _nodes(tree: Tree) -> Iterator[tuple[Node, bool]]:
    """Every node but comments, in order of the text, and whether it is a token."""
    cursor = tree.walk()
    is_going = True
    while is_going:
        node = cursor.node
        assert node is not None
        kind = node.type
        is_comment = kind.endswith("comment")
        is_whole = kind in _STRINGS and not any(child.type.endswith("interpolation") for child in node.named_children)
        goes_down = not is_comment and not is_whole and cursor.goto_first_child()
        if not is_comment:
            yield node, not goes_down
        if not goes_down:
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    is_going = False
                    break
