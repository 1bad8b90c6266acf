"""How much an adversarial program differs from the original, in names, tokens and characters."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
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
    Deviations: tokens are tree-sitter's, for all languages; a token without a partner counts with its whole length,
        where the official code drops the example.
    """
    other = analyse(text, source.language)
    tokens, tokens_other = _texts(source), _texts(other)
    pairs = [(a, b) for a, b in itertools.zip_longest(tokens, tokens_other, fillvalue="") if a != b]
    return Changes(
        identifiers_changed=sum(old != new for old, new in renames.items()),
        tokens_changed=len(pairs),
        edit_distance=sum(levenshtein(a, b) for a, b in pairs),
    )


def _texts(source: SourceCode) -> list[str]:
    return [source.data[start:end].decode("utf-8", "surrogatepass") for start, end in source.tokens]


@functools.lru_cache(maxsize=65536)
def levenshtein(a: str, b: str) -> int:
    """Fewest insertions, deletions and replacements of one character that turn ``a`` into ``b``."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]
