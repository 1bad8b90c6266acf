"""Reading a table: many files in turn, or the parts that stand in for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pyarrow as pa

from robust_ray.core.errors import CorruptedError
from robust_ray.core.records import Record
from robust_ray.store import parts, results
from robust_ray.store.filesystem import Entry, Files

ENDING = ".parquet"

READERS = 16
"""Files read at once; a bucket answers each in tens of milliseconds, and many in the same."""

AHEAD = 8 * READERS
"""Files whose rows lie in memory before they are asked for."""


def read_each(
    files: Files, record: type[Record], entries: Sequence[Entry], columns: Collection[str] | None = None
) -> Iterator[tuple[str, pa.Table | None]]:
    """The rows of some files of a table, in their order; of files that stand side by side in a part, together.

    Args:
        files: Those of the store.
        record: What the rows are.
        entries: The files, their paths without folder and ending.
        columns: Those to read, in the record's order; None for all.

    Yields:
        Name of the (first) file and its rows, or None where it is damaged.
    """
    held = parts.spans(parts.found(files, record.table), dict(entries))
    names = [entry.path for entry in entries]
    last_in = {held[name].part.path: name for name in names if name in held}
    opened: dict[str, pa.Table | None] = {}
    for path, group in groupby(names, lambda name: held[name].part.path if name in held else None):
        together = list(group)
        if path is not None and path not in opened:
            opened[path] = parts.read(files, held[together[0]].part, record, columns)
        rows = None if path is None else opened[path]
        if rows is None:
            yield from read_alone(files, record, together, columns)
        else:
            for first, start, stop in parts.joined(together, held):
                yield first, rows.slice(start, stop - start)
        if path is not None and last_in[path] == together[-1]:
            del opened[path]


def read_alone(
    files: Files, record: type[Record], names: Sequence[str], columns: Collection[str] | None = None
) -> Iterator[tuple[str, pa.Table | None]]:
    """The same, each file for itself."""

    def read(name: str) -> pa.Table | None:
        try:
            return read_one(files, record, name, columns)
        except CorruptedError:
            return None

    if files.local() is not None:  # a disk answers at once, and threads would take thrice the processor time
        yield from ((name, read(name)) for name in names)
        return
    with ThreadPoolExecutor(READERS) as readers:
        for at in range(0, len(names), AHEAD):
            some = names[at : at + AHEAD]
            yield from zip(some, readers.map(read, some), strict=True)


def read_one(files: Files, record: type[Record], name: str, columns: Collection[str] | None = None) -> pa.Table:
    """The rows of one file.

    Raises:
        StoreError: there is none.
        CorruptedError: it is damaged, or its columns are not the record's.
    """
    path = place(record.table, name)
    return results.from_parquet(files.read(path), record, f"{files.uri}/{path}", columns)


def place(table: str, name: str) -> str:
    """Where the file of a table lies."""
    return f"tables/{table}/{name}{ENDING}"
