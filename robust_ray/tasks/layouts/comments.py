"""Code without what is written for people: comments, and in Python the docstrings of functions and classes."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter

from robust_ray.source.languages import parse

COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
BLANKS = b" \t"


def without_comments(text: str, language: str) -> str:
    """The program without comments and docstrings; lines that held nothing else are gone too."""
    data = text.encode()
    result = bytearray()
    done = 0
    for start, last, instead in _spans(parse(data, language).root_node):
        end = last - data.startswith(b"\r\n", last - 1)  # in C a comment goes on to the line feed
        before = start
        while before > done and data[before - 1] in BLANKS:
            before -= 1
        opens = before == 0 or data[before - 1] == ord("\n")
        closes = end == len(data) or data[end] in b"\r\n"
        if instead:
            result += data[done:start] + instead
        elif opens and closes:
            result += data[done:before]
            end = min(end + 1 + data.startswith(b"\r\n", end), len(data))
        elif closes:
            result += data[done:before]
        else:
            result += data[done:start] + b" "
        done = end
    return (result + data[done:]).decode()


def _spans(root: tree_sitter.Node) -> Iterator[tuple[int, int, bytes]]:
    """Bytes to leave out, in order, and what must stand there instead."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in COMMENTS:
            yield node.start_byte, node.end_byte, b""
        elif _is_docstring(node):
            yield node.start_byte, node.end_byte, b"" if _statements(node.parent)[1:] else b"pass"
        else:
            pending.extend(reversed(node.children))


def _is_docstring(node: tree_sitter.Node) -> bool:
    body = node.parent
    return (
        node.type == "expression_statement"
        and [child.type for child in node.children] == ["string"]
        and body is not None
        and body.type == "block"
        and body.parent is not None
        and body.parent.type in ("function_definition", "class_definition")
        and _statements(body)[0] == node
    )


def _statements(body: tree_sitter.Node | None) -> list[tree_sitter.Node]:
    return [child for child in body.named_children if child.type not in COMMENTS] if body is not None else []
