"""Parts: the rows of many calls once more, in few files that are quick to read.

::

    compact/<sweep>/<table>-000.parquet     the rows of many files, in the order of their names

A part is a copy and nothing but: the file of each call stays what it is, complete or not, and what is asked for by key
is read there. A part says in its own metadata which files it was made of and when each had last changed, and stands in
for those that are still as they were; so whatever is put aside, made again or added later is read from its own file,
and no row is ever read twice. A part is put in place whole at once. Copies of a store that do not keep the times of
files (``cp -r``) are read file by file until they are compacted anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from robust_ray.core.errors import StoreError
from robust_ray.core.records import Record
from robust_ray.store import results
from robust_ray.store.filesystem import Files

FOLDER = "compact"

ENOUGH = 0.5
"""Share of a part's files that must be asked for to read it in their place."""

MEMBERS = "members"
"""What the metadata of a part call the files it was made of."""

_PART = re.compile(r"[^/]+/(?P<table>[^/]+)-\d{3,}\.parquet")


class Member(NamedTuple):
    """A file whose rows stand in a part."""

    name: str
    """Without folder and ending."""

    modified: int
    """When it had last changed: nanoseconds since 1970; 0, where the file system cannot tell, is never as it was."""

    rows: int


class Part(NamedTuple):
    """Rows of many files."""

    path: str
    members: tuple[Member, ...]
    """In the order of their rows."""


class Span(NamedTuple):
    """Rows of a part."""

    part: Part
    start: int
    stop: int


def found(files: Files, table: str) -> list[Part]:
    """Every readable part of a table."""
    listed = (f"{FOLDER}/{entry.path}" for entry in files.list(FOLDER, recursive=True) if is_of(table, entry.path))
    said = ((path, _members(files, path)) for path in listed)
    return [Part(path, members) for path, members in said if members]


def spans(parts: Iterable[Part], modified: Mapping[str, int]) -> dict[str, Span]:
    """Where the rows of files stand that need not be read themselves.

    Args:
        parts: Those of one table.
        modified: Name of each file asked for → when it has last changed.
    """
    held: dict[str, Span] = {}
    for part in parts:
        usable: dict[str, Span] = {}
        start = 0
        for name, then, rows in part.members:
            if then and modified.get(name) == then and name not in held:
                usable[name] = Span(part, start, start + rows)
            start += rows
        if len(usable) >= ENOUGH * len(part.members):
            held |= usable
    return held


def joined(names: Sequence[str], held: Mapping[str, Span]) -> Iterator[tuple[str, int, int]]:
    """The rows of files of one part, those of neighbours in one piece: first file, first row, and behind the last."""
    first, start, stop = names[0], held[names[0]].start, held[names[0]].stop
    for name in names[1:]:
        if held[name].start != stop:
            yield first, start, stop
            first, start = name, held[name].start
        stop = held[name].stop
    yield first, start, stop


def read(files: Files, part: Part, record: type[Record], columns: Collection[str] | None) -> pa.Table | None:
    """The rows of a part, in one piece; None where it is damaged, away, or no longer what it was."""
    try:
        with files.open(part.path) as stream:
            table = results.from_parquet(stream, record, part.path, columns)
    except StoreError:
        return None
    return table if _said(results.provenance(table)) == part.members else None


def _members(files: Files, path: str) -> tuple[Member, ...]:
    """The files a part was made of; none where it is no part, or away."""
    try:
        with files.open(path) as stream:
            return _said(results.provenance(pq.read_schema(stream).empty_table()))
    except (StoreError, ValueError, TypeError):
        return ()


def _said(provenance: Mapping[str, Any]) -> tuple[Member, ...]:
    return tuple(Member(*member) for member in provenance.get(MEMBERS, ()))


def place(sweep: str, table: str, number: int) -> str:
    """Where a part lies."""
    return f"{FOLDER}/{sweep}/{table}-{number:03d}.parquet"


def is_of(table: str, path: str) -> bool:
    """Whether a path below :data:`FOLDER` is that of a part of a table."""
    found = _PART.fullmatch(path)
    return found is not None and found["table"] == table
