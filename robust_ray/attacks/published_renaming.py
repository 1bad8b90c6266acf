"""Renaming as the released code of ALERT, MHM and WIR-Random does it: by the spelling of tokens, not by what they mean.

Programs made here may mean something else, or nothing at all. They are for comparison with published numbers; whether
one is valid is for the constraints to say, which are conservative: they refuse every name of which they cannot tell
whether it may be changed.

Official code: ``python_parser/run_parser.py`` (``get_identifiers``, ``get_example``, ``get_example_batch``) in
    https://github.com/soarsmu/attack-pretrain-models-of-code and https://github.com/CGCL-codes/Attack_PTMC.
Deviations:
    - Released code renames the variables of a data flow graph. Here they are the names that a program declares and that
      are not first met in front of a parenthesis; on 400 functions of Devign these are 96 % of the names for which
      ALERT's authors published substitutes, and some more.
    - A new name is judged by the language's list of words, where released MHM and WIR-Random judge by that of C always.
    - A probe keeps the program's comments and blanks, where released code asks its tokens, joined by blanks.
    - Each program is made from the original by all its renames, where released code renames the last program again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from robust_ray.attacks._published_names import is_refused
from robust_ray.attacks.base import Candidate
from robust_ray.source.edits import Edit, edited
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.renaming import splice


class Place(NamedTuple):
    """Where a word stands: its line, and the columns that released code believes it has."""

    row: int
    start: int
    end: int


class Layout(NamedTuple):
    """A program as released code sees it."""

    lines: tuple[str, ...]
    places: Mapping[str, tuple[Place, ...]]
    """Text of a token → where it stands, in order."""


@dataclass(frozen=True)
class RenameTokens:
    """New names for every token that is spelt like a variable, be it a member, a label or another variable.

    Each backslash followed by an ``n`` becomes a line break first, in strings too. Columns are counted in bytes but
    used as though they were characters, so that names are missed behind others than ASCII characters. A new name need
    only look like an identifier, and two variables may get the same. Names are given one after the other, so that a
    token may get one name and lose it to the next.
    """

    may_merge: bool = False
    """Whether a variable may get the name of another one, as in WIR-Random."""

    def targets(self, source: SourceCode) -> tuple[str, ...]:
        """Variables the program declares, safe to rename or not, in order of first appearance."""
        return _variables(source.text, source.language)

    def edits(self, source: SourceCode) -> tuple[Edit, ...]:
        """None: statements stay as they are."""
        return ()

    def allows(self, source: SourceCode, name: str) -> bool:
        """Whether ``name`` passes the released test: it looks like an identifier, is not in a list, and no variable."""
        return _is_identifier(name, source.language) and (self.may_merge or name not in self.targets(source))

    def apply(self, source: SourceCode, renames: Mapping[str, str], edits: tuple[Edit, ...] = ()) -> Candidate | None:
        """The program with these edits and names, whatever it is then; None if two edits overlap."""
        base = edited(source, edits)
        if base is None:
            return None
        layout = _layout(base.text, base.language)
        lines = list(layout.lines)
        self._write(lines, layout.places, renames)
        return Candidate("\n".join(lines), {old: new for old, new in renames.items() if old != new}, edits)

    def masked(self, source: SourceCode, name: str, mask: str) -> list[Candidate]:
        """One probe for each token that is spelt like ``name``, that token replaced by ``mask``."""
        spans = [(start, end) for start, end in source.tokens if source.data[start:end] == name.encode()]
        return [Candidate(splice(source.data, [(*span, mask.encode())]), is_probe=True) for span in spans]

    def _write(self, lines: list[str], places: Mapping[str, tuple[Place, ...]], renames: Mapping[str, str]) -> None:
        """Put the new names into the lines, from right to left."""
        words = [(place, name) for name in renames for place in places.get(name, ())]
        for (row, start, end), name in sorted(words, reverse=True):
            lines[row] = lines[row][:start] + _in_turn(name, renames) + lines[row][end:]


@dataclass(frozen=True)
class RenameTokensTogether(RenameTokens):
    """All names in one pass over the original, as in the genetic search of ALERT.

    The columns of a line are shifted as though its names were replaced from left to right, but they are replaced in the
    order of ``renames``: where two names share a line, text is garbled.
    """

    def _write(self, lines: list[str], places: Mapping[str, tuple[Place, ...]], renames: Mapping[str, str]) -> None:
        shifts = [0] * len(lines)
        for name, new in renames.items():
            for row, start, end in places.get(name, ()):
                line, shift = lines[row], shifts[row]
                lines[row] = line[: start + shift] + new + line[end + shift :]
                shifts[row] += len(new) - len(name)


@lru_cache(maxsize=256)
def _layout(text: str, language: str) -> Layout:
    """The program after its escapes have become line breaks."""
    source = analyse(text.replace(r"\n", "\n"), language)
    lines = tuple(source.text.split("\n"))
    starts = [0, *accumulate(len(line) + 1 for line in source.data.split(b"\n"))]
    places: defaultdict[str, list[Place]] = defaultdict(list)
    for start, end in source.tokens:
        row = bisect_right(starts, start) - 1
        place = Place(row, start - starts[row], end - starts[row])
        places[lines[row][place.start : place.end]].append(place)
    return Layout(lines, {word: tuple(found) for word, found in places.items()})


@lru_cache(maxsize=256)
def _variables(text: str, language: str) -> tuple[str, ...]:
    """What is declared in the text and is not a function."""
    source = analyse(text, language)
    is_variable: dict[str, bool] = {}
    for start, end, binding in source.occurrences:
        if binding is not None:
            name = source.between(start, end)
            is_variable.setdefault(name, not source.data[end:].lstrip().startswith(b"("))
    return tuple(name for name, is_one in is_variable.items() if is_one and _is_identifier(name, language))


def _is_identifier(name: str, language: str) -> bool:
    """Whether released code takes the word for an identifier."""
    return name.isidentifier() and not is_refused(name, language)


def _in_turn(name: str, renames: Mapping[str, str]) -> str:
    """What a token becomes when the renames are made one after the other."""
    for old, new in renames.items():
        if name == old:
            name = new
    return name
