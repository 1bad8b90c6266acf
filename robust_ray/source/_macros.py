"""Macros that a C text defines itself, found without believing the parser: a directive may be spelled in odd ways."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from robust_ray.source._reserved import KEYWORDS

_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DEFINITION = re.compile(r"^\s*(?:#|%:)[ \t]*define[ \t]+(\w+)(\([^)]*\))?(.*)$", re.MULTILINE)
_WORD_OR_LITERAL = re.compile(r"""[\w.]+|"(\\.|[^"\\])*"|'(\\.|[^'\\])*'""")
_QUOTED_OR_PARENTHESIS = re.compile(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[()]""")


def definitions(text: str) -> dict[str, str]:
    """Macro → its parameters, if it has any, and what it is replaced by; all of them where it is defined twice."""
    found: dict[str, str] = {}
    if "define" in text:
        lines = _CONTINUED.sub("", text)
        for version in (lines, _COMMENT.sub(" ", lines)):
            for name, parameters, replacement in _DEFINITION.findall(version):
                body = parameters + replacement
                found[name] = f"{found[name]}\n{body}" if found.get(name, body) != body else body
    return found


def is_plain(body: str) -> bool:
    """Whether a macro makes one operand wherever it stands, and no part of a statement."""
    takes_arguments = body.startswith("(")
    body = _COMMENT.sub(" ", body[body.find(")") + 1 :] if takes_arguments else body).partition("//")[0].strip()
    if takes_arguments and not body.startswith("("):
        return False
    if body.startswith("("):
        return "{" not in body and _closing(body, 1) == len(body)
    return body not in KEYWORDS["c"] and (not body or _WORD_OR_LITERAL.fullmatch(body) is not None)


def arguments(text: str, names: Set[str], pattern: re.Pattern[str]) -> Iterator[str]:
    """What stands in the parentheses after each of these names, and after each name that the pattern matches."""
    words = "|".join(map(re.escape, sorted(names)))
    called = rf"(?:{words}|{pattern.pattern})" if words else f"(?:{pattern.pattern})"
    for call in re.finditer(rf"(?<!\w){called}\s*\(", text):
        yield text[call.end() : _closing(text, call.end())]


def _closing(text: str, start: int) -> int:
    """The place behind the parenthesis that closes one just before ``start``; the end where there is none."""
    depth = 1
    for found in _QUOTED_OR_PARENTHESIS.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(text)
