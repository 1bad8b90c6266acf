"""Compaction: few files for what many calls have left; what they are, and when they are read, says :mod:`parts`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from robust_ray.core.records import Record
from robust_ray.store import results
from robust_ray.store.filesystem import Entry, Files
from robust_ray.store.parts import FOLDER, MEMBERS, Member, is_of, place
from robust_ray.store.reading import read_alone

PART_BYTES = 1 << 27
"""Rows in a part, in memory; zstd makes a tenth of it."""


class Compacted(NamedTuple):
    """What became of the files of a table."""

    table: str
    files: int
    parts: int
    """Files that stand in for them."""

    unreadable: tuple[str, ...]
    """Names of the files left out because they are damaged."""


def compact(files: Files, sweep: str, record: type[Record], entries: Sequence[Entry]) -> Compacted:
    """Copy the rows of files of a table into parts, in place of the parts that a sweep had.

    Args:
        files: Those of the store.
        sweep: Name of the sweep.
        record: What the rows are.
        entries: The files, their paths without folder and ending.
    """
    modified = dict(entries)
    unreadable: list[str] = []

    def sound() -> Iterator[tuple[Member, pa.Table]]:
        for name, table in read_alone(files, record, list(modified)):
            if table is None:
                unreadable.append(name)
            else:
                yield Member(name, modified[name], len(table)), table.replace_schema_metadata(None)

    written = {_put(files, place(sweep, record.table, i), chunk) for i, chunk in enumerate(_chunks(sound()))}
    for entry in files.list(f"{FOLDER}/{sweep}"):
        path = f"{sweep}/{entry.path}"
        if is_of(record.table, path) and f"{FOLDER}/{path}" not in written:
            files.delete(f"{FOLDER}/{path}")
    return Compacted(record.table, len(entries), len(written), tuple(unreadable))


def _put(files: Files, path: str, chunk: Sequence[tuple[Member, pa.Table]]) -> str:
    members = {MEMBERS: [list(member) for member, _ in chunk]}
    whole = pa.concat_tables([table for _, table in chunk])
    files.put(path, results.to_parquet(whole, members), replace=True)
    return path


def _chunks(tables: Iterable[tuple[Member, pa.Table]]) -> Iterator[list[tuple[Member, pa.Table]]]:
    """The tables in their order, as many at a time as make a part."""
    chunk: list[tuple[Member, pa.Table]] = []
    size = 0
    for member, table in tables:
        chunk.append((member, table))
        size += table.nbytes
        if size >= PART_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
