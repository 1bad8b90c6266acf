"""What programs are compared by: their lexemes, without layout and comments.

By regular expressions, not by a parser: a data set is read in seconds, and code that does not parse is read as well.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass

from robust_ray.source.languages import is_keyword

_STRING = r"""[rRbBuUfFL]{0,2}(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
_REST = r"\w+|[^\w\s]"
_WITH_SLASHES = re.compile(rf"//[^\n]*|/\*.*?(?:\*/|\Z)|({_STRING}|{_REST})", re.DOTALL)
_LEXEMES = {
    "c": _WITH_SLASHES,
    "java": _WITH_SLASHES,
    "python": re.compile(
        rf'#[^\n]*|([rRbBuUfF]{{0,2}}(?:""".*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z))|{_STRING}|{_REST})', re.DOTALL
    ),
}
"""Language → comments outside, lexemes inside the one group."""


@dataclass(frozen=True)
class Fingerprint:
    """A program as a duplicate of it would have it."""

    digest: bytes
    """Of all lexemes in their order: equal for programs that differ in layout and comments alone."""

    words: Counter[str]
    """How often each identifier and literal occurs."""

    lexemes: int
    """Words, literals and signs, comments not counted."""


def fingerprint(text: str, language: str) -> Fingerprint:
    """Read one program.

    Deviations: Python's indentation is layout here, too.
    """
    lexemes = [lexeme for lexeme in _LEXEMES[language].findall(text) if lexeme]
    digest = hashlib.blake2b("\0".join(lexemes).encode(), digest_size=16).digest()
    counts = Counter(lexemes)
    words = Counter(
        {word: count for word, count in counts.items() if _is_word(word) and not is_keyword(word, language)}
    )
    return Fingerprint(digest, words, len(lexemes))


def _is_word(lexeme: str) -> bool:
    return len(lexeme) > 1 or lexeme.isalnum() or lexeme == "_"
