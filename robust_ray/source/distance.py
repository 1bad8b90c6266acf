"""How much an adversarial program differs from the original, in names, tokens and characters."""

from __future__ import annotations

import difflib
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from robust_ray.source.identifiers import SourceCode, analyse


class Changes(NamedTuple):
    """Size of a change."""

    identifiers_changed: int
    """Names that are not what they were."""

    tokens_changed: int
    """Positions at which the tokens differ."""

    edit_distance: int
    """Sum over positions of the Levenshtein distance of the two tokens, in characters."""


def changes(source: SourceCode, text: str, renames: Mapping[str, str]) -> Changes:
    """Compare a program with its changed ``text``, token by token.

    Source: AED of Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code", FSE 2023.
    Deviations: tokens are tree-sitter's, for all languages; where statements came or went, the tokens that stayed are
        paired with each other, and one without a partner counts with its whole length: the official code drops such
        examples.
    """
    tokens, tokens_other = source.token_texts, analyse(text, source.language).token_texts
    pairs = [(a, b) for a, b in _pairs(tokens, tokens_other) if a != b]
    return Changes(
        identifiers_changed=sum(old != new for old, new in renames.items()),
        tokens_changed=len(pairs),
        edit_distance=sum(levenshtein(a, b) for a, b in pairs),
    )


def _pairs(tokens: Sequence[str], other: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Tokens that stand for each other; an empty one where there is no partner."""
    if len(tokens) == len(other):
        return zip(tokens, other, strict=True)
    blocks = difflib.SequenceMatcher(None, tokens, other, autojunk=False).get_opcodes()
    return itertools.chain.from_iterable(
        itertools.zip_longest(tokens[a:b], other[c:d], fillvalue="") for _, a, b, c, d in blocks
    )


@functools.lru_cache(maxsize=65536)
def levenshtein(a: str, b: str) -> int:
    """Fewest insertions, deletions and replacements of one character that turn ``a`` into ``b``."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]
