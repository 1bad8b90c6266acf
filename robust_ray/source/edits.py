"""Edits of statements: code inserted, or written in another way, so that the program does the same.

An edit is data: which bytes of the original become what, and the rule that says the change is sound. Which edits are
sound is found from the original alone (:mod:`robust_ray.source.statements`), so that anyone who holds the original and
an edit can check it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.renaming import splice


class Splice(NamedTuple):
    """Bytes ``start`` to ``end`` of the original become ``text``."""

    start: int
    end: int
    text: str


class Edit(NamedTuple):
    """One change, which may need several splices: they do not overlap and are in order of the text."""

    rule: str
    """Name of the rule, a key of :data:`robust_ray.source.statements.RULES`."""

    splices: tuple[Splice, ...]


def edited(source: SourceCode, edits: Sequence[Edit]) -> SourceCode | None:
    """The program with these edits, analysed, or None where two of them touch the same bytes or the same place."""
    if not edits:
        return source
    splices = sorted(splice for edit in edits for splice in edit.splices)
    for before, after in zip(splices, splices[1:], strict=False):
        if after.start < before.end or after.start == before.start:
            return None
    return analyse(splice(source.data, [(start, end, text.encode()) for start, end, text in splices]), source.language)
