"""Edits of statements: code inserted, or written in another way, so that the program does the same.

An edit is data: which bytes of the original become what, and the rule that says the change is sound. Which edits are
sound is found from the original alone (:mod:`robust_ray.source.statements`), so that anyone who holds the original and
an edit can check it again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
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


def fits(edit: Edit, taken: Sequence[Splice]) -> bool:
    """Whether an edit can be made beside others: it touches none of their bytes, and puts no text where they do.

    Args:
        edit: Another one.
        taken: All splices of the others, sorted, which can all be made.
    """
    return not any(_touch(*pair) for splice in edit.splices for pair in pairwise(_with_neighbours(splice, taken)))


def edited(source: SourceCode, edits: Sequence[Edit]) -> SourceCode | None:
    """The program with these edits, analysed; None as for :func:`edited_text`."""
    if not edits:
        return source
    text = edited_text(source, edits)
    return None if text is None else analyse(text, source.language)


def edited_text(source: SourceCode, edits: Sequence[Edit]) -> str | None:
    """The program with these edits, or None where two of them touch the same bytes or the same place.

    A text may be put where another splice starts or ends: it then stands before or behind what that one makes. Two
    texts put at the same place have no order, and are refused.
    """
    splices = sorted(splice for edit in edits for splice in edit.splices)
    if any(_touch(before, after) for before, after in pairwise(splices)):
        return None
    pieces = [(start, end, text.encode("utf-8", "surrogatepass")) for start, end, text in splices]
    return splice(source.data, pieces)


def _with_neighbours(splice: Splice, taken: Sequence[Splice]) -> tuple[Splice, ...]:
    at = bisect_left(taken, splice)
    return (*taken[max(at - 1, 0) : at], splice, *taken[at : at + 1])


def _touch(before: Splice, after: Splice) -> bool:
    """Whether a splice and one that does not start before it cannot both be made."""
    return after.start < before.end or after[:2] == before[:2]
