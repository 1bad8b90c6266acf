"""The store: key → checkpoint and key → rows. Nothing is readable at a key until it is complete.

::

    FORMAT                              what this layout is called
    checkpoints/<key>/manifest.json     written last; names the attempt beside it
    checkpoints/<key>/attempt-<id>/
    tables/<table>/<key>.parquet        one call's rows
    tables/runs/<key>-<attempt>.parquet every attempt, also the failed ones
    compact/<sweep>/<table>-000.parquet the rows of many calls once more, to be read at once
    plans/<sweep>-<hash>.json           which keys a sweep is made of
    studies/<name>.journal              what a search has proposed and measured
    studies/<name>.journal.<id>.owner   in a bucket: which driver adds to it, while it lives
    drivers/<name>.json                 which keys a driver is at, while it lives
    suspects/<key>.json                 at which examples the process of a call has died, until the call is done
    quarantine/                         what was found damaged
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pyarrow as pa

from robust_ray.core.call import Ref
from robust_ray.core.errors import CorruptedError, StoreError
from robust_ray.core.records import RECORDS, Record, RunRecord
from robust_ray.store import artifacts, leftovers, plans, reading, results
from robust_ray.store.compaction import Compacted, compact
from robust_ray.store.drivers import Driver, drivers
from robust_ray.store.filesystem import Entry, Files
from robust_ray.store.journals import Journal
from robust_ray.store.leases import BEAT, Leases
from robust_ray.store.suspects import Suspects

FORMAT = 1
TABLES: dict[str, type[Record]] = {record.table: record for record in RECORDS}


class Loaded(NamedTuple):
    """A whole table."""

    table: pa.Table
    """Rows of every readable file, files by name and rows in order."""

    unreadable: list[str]
    """Names of the files left out because they are damaged."""


class Attempt(NamedTuple):
    """A record of an attempt, not read yet."""

    key: str
    """Of the call."""

    name: str
    """Of the file, without its ending."""

    modified: int
    """Nanoseconds since 1970; 0 where the file system cannot tell."""


class Store:
    """Everything a sweep leaves behind, in one folder on a disk or in a bucket."""

    def __init__(self, files: Files, *, create: bool = True) -> None:
        self._files = files
        if not files.exists("FORMAT"):
            if not create:
                raise StoreError(
                    f"{files.uri}: a store must lie there, but got none; use a folder or bucket that every machine sees"
                )
            files.put("FORMAT", json.dumps({"format": FORMAT}).encode())
        self._check_format()
        files.mark("FORMAT")

    @classmethod
    def open(cls, uri: str) -> Store:
        """The store at a path, ``file://``, ``s3://`` or ``gs://`` address, created where there is none.

        Raises:
            StoreError: it cannot be reached, or was written by a newer version.
        """
        return cls(Files.at(uri))

    @classmethod
    def find(cls, uri: str) -> Store | None:
        """The store at an address, or None where there is none; nothing is created.

        Raises:
            StoreError: it cannot be reached, or was written by a newer version.
        """
        files = Files.at(uri)
        return cls(files, create=False) if files.exists("FORMAT") else None

    @classmethod
    def existing(cls, uri: str) -> Store:
        """The store at an address, for whoever only reads.

        Raises:
            StoreError: there is none, it cannot be reached, or was written by a newer version.
        """
        store = cls.find(uri)
        if store is None:
            raise StoreError(
                f"{uri}: a store must lie there, but got none; run `robust-ray run` first, or correct --store"
            )
        return store

    def __reduce__(self) -> tuple[Callable[[str], Store], tuple[str]]:
        return _reopen, (self.uri,)

    def __repr__(self) -> str:
        return f"Store({self.uri!r})"

    @property
    def uri(self) -> str:
        """Its address, absolute."""
        return self._files.uri

    def has(self, ref: Ref) -> bool:
        """Whether the output of a call is complete."""
        return self._files.exists(_path(ref))

    def present(self) -> set[str]:
        """Keys of all complete outputs, by one listing a folder."""
        paths = (entry.path for entry in self._files.list(artifacts.FOLDER, recursive=True))
        keys = {path.split("/")[0] for path in paths if path.split("/")[1:] == [artifacts.MANIFEST]}
        for table in TABLES:
            if table != RunRecord.table:
                keys.update(entry.path for entry in self._entries(table))
        return keys

    def put_rows(self, ref: Ref, rows: Sequence[Record], provenance: Mapping[str, Any], record: type[Record]) -> None:
        """Commit the rows of a call, none included; the first to do so at a key wins.

        Raises:
            ValueError: rows of another call or table, or values the record does not allow.
        """
        stray = next((row.key for row in rows if row.key != ref.key), None)
        if stray is not None or record.table != ref.table:
            raise ValueError(f"{ref}: rows of this call are needed, but got {record.__name__} of {stray or ref.key}")
        self._files.put(_path(ref), results.to_parquet(results.to_table(rows, record), provenance))

    def rows(self, ref: Ref) -> list[Record]:
        """The rows of a call, in order.

        Raises:
            StoreError: there are none.
            CorruptedError: the file is damaged, or its columns are not the record's.
        """
        record = TABLES[str(ref.table)]
        return results.from_table(reading.read_one(self._files, record, ref.key), record)

    def put_checkpoint(self, key: str, folder: Path, provenance: Mapping[str, Any]) -> None:
        """Commit a copy of a folder; the first to do so at a key wins."""
        artifacts.commit(self._files, key, folder, provenance)

    def checkpoint(self, key: str) -> Path:
        """A local directory with the files of a checkpoint, checked to be what was committed; not to be written to.

        Raises:
            StoreError: there is none.
            CorruptedError: a file is missing or is not what was committed.
        """
        return artifacts.locate(self._files, key)

    def provenance(self, ref: Ref) -> dict[str, Any]:
        """Configuration, code and machine that made what lies at a key."""
        if ref.table is None:
            return dict(artifacts.read_manifest(self._files, ref.key).provenance)
        return results.provenance(reading.read_one(self._files, TABLES[ref.table], ref.key))

    def damaged(self, refs: Sequence[Ref]) -> list[Ref]:
        """Those of some complete outputs that are not what was committed: a file of rows, or a checkpoint's manifest.

        A checkpoint's files are checked against their sums when a call asks for them, by :meth:`checkpoint`.
        """
        with ThreadPoolExecutor(reading.READERS) as readers:
            sound = list(readers.map(self._is_sound, refs))
        return [ref for ref, is_sound in zip(refs, sound, strict=True) if not is_sound]

    def discard(self, ref: Ref) -> None:
        """Make a key incomplete, so that it is computed again; what made it readable is kept in ``quarantine/``.

        Of a checkpoint that is the manifest: the attempt it names stays where it is, out of reach.
        """
        path = _path(ref)
        self._files.move(path, f"quarantine/{path.rsplit('.', 1)[0]}-{uuid4().hex}.{path.rsplit('.', 1)[1]}")

    def put_run(self, run: RunRecord) -> None:
        """Record one attempt at a call."""
        if "-" in run.attempt:
            raise ValueError(f"{run.key}: an attempt must be named without a dash, but got {run.attempt!r}")
        table = results.to_table([run], RunRecord)
        self._files.put(reading.place(RunRecord.table, f"{run.key}-{run.attempt}"), results.to_parquet(table, {}))

    def attempts(self) -> list[Attempt]:
        """Every attempt that has been recorded, by one listing."""
        listed = self._entries(RunRecord.table)
        return [Attempt(_key(RunRecord.table, name), name, modified) for name, modified in listed]

    def runs(self, attempts: Iterable[Attempt] | None = None) -> list[RunRecord]:
        """The records of some attempts, or of all, as far as they are readable."""
        listed = self.attempts() if attempts is None else attempts
        entries = [Entry(attempt.name, attempt.modified) for attempt in listed]
        return results.from_table(self._whole_table(RunRecord, entries).table, RunRecord)

    def drivers(self) -> list[Driver]:
        """Who is at work on the store, as far as can be told from outside."""
        return drivers(self._files)

    def put_plan(self, sweep: str, document: Mapping[str, Any]) -> str:
        """Record what a sweep is made of, as the latest; returns the plan's name."""
        return plans.put(self._files, sweep, document)

    def plans(self, sweep: str | None = None) -> list[dict[str, Any]]:
        """The plans of a sweep, or of all, latest last; damaged ones are left out, and written anew by the next run."""
        return plans.found(self._files, sweep)

    def planned(self, sweep: str) -> tuple[str, ...]:
        """Keys of the latest plan of a sweep: what it asked for before it was changed is no longer part of it.

        Raises:
            SweepError: the sweep was never run into this store.
        """
        return plans.keys(self._files, sweep)

    def table(self, name: str, keys: Collection[str] | None = None, columns: Collection[str] | None = None) -> Loaded:
        """All rows of a table, or those of some keys; damaged files are left out and named.

        Args:
            name: The table.
            keys: Of the calls whose rows are wanted; None for all.
            columns: Those to read, in the record's order and texts as dictionaries; None for all, as they are.
        """
        return self._whole_table(TABLES[name], self._entries(name, keys), columns)

    def batches(
        self, name: str, keys: Collection[str] | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Loaded]:
        """What :meth:`table` reads, in the same order but never all at once."""
        found = reading.read_each(self._files, TABLES[name], self._entries(name, keys), columns)
        return (_loaded(TABLES[name], [part], columns) for part in found)

    def compact(self, sweep: str) -> list[Compacted]:
        """Copy the rows that a sweep is made of into few files, which :meth:`table` then reads in place of many.

        What is asked for by key is read where it was, and so is whatever is added or made again later.

        Raises:
            SweepError: the sweep was never run into this store.
        """
        keys = self.planned(sweep)
        return [compact(self._files, sweep, record, self._entries(name, keys)) for name, record in TABLES.items()]

    def clear(self) -> int:
        """Remove what interrupted uploads left more than a day ago; returns how many there were."""
        return leftovers.clear(self._files)

    def leases(self, beat: float = BEAT) -> Leases:
        """What the drivers on this store are at.

        Args:
            beat: Seconds between two signs of life.
        """
        return Leases(self._files, beat=beat)

    def suspects(self, key: str) -> Suspects:
        """What is known of the examples of a call whose process has died."""
        return Suspects(self._files, f"suspects/{key}.json")

    def journal(self, name: str) -> Journal:
        """The file that one driver at a time adds to, under a name."""
        return Journal(self._files, f"studies/{name}.journal")

    def _check_format(self) -> None:
        content = self._files.read("FORMAT")
        try:
            found = int(json.loads(content)["format"])
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise StoreError(
                f"{self.uri}: FORMAT must name the store's format, but got {content[:60]!r}; restore it"
            ) from error
        if found > FORMAT:
            raise StoreError(
                f"{self.uri}: a store of format {FORMAT} or older is needed, but got {found}; upgrade robust-ray"
            )

    def _whole_table(
        self, record: type[Record], entries: Sequence[Entry], columns: Collection[str] | None = None
    ) -> Loaded:
        return _loaded(record, list(reading.read_each(self._files, record, entries, columns)), columns)

    def _entries(self, table: str, keys: Collection[str] | None = None) -> list[Entry]:
        """The files of a table, or those of some keys, by name: paths without folder and ending."""
        listed = self._files.list(f"tables/{table}")
        found = [
            Entry(path.removesuffix(reading.ENDING), modified)
            for path, modified in listed
            if path.endswith(reading.ENDING)
        ]
        wanted = None if keys is None else frozenset(keys)
        return [entry for entry in found if wanted is None or _key(table, entry.path) in wanted]

    def _is_sound(self, ref: Ref) -> bool:
        if ref.table is not None:
            return results.is_sound(self._files.read(_path(ref)), TABLES[ref.table])
        try:
            artifacts.read_manifest(self._files, ref.key)
        except CorruptedError:
            return False
        return True


def _loaded(
    record: type[Record], found: Sequence[tuple[str, pa.Table | None]], columns: Collection[str] | None
) -> Loaded:
    whole = [table.replace_schema_metadata(None) for _, table in found if table is not None]
    empty = results.schema(record, columns).empty_table()
    return Loaded(pa.concat_tables([empty, *whole]), [name for name, table in found if table is None])


def _reopen(uri: str) -> Store:
    """On another machine: a store that is not there means a folder that is not shared, never a new store."""
    return Store(Files.at(uri), create=False)


def _path(ref: Ref) -> str:
    """The file whose presence makes the output at ``ref`` complete."""
    return artifacts.manifest_path(ref.key) if ref.table is None else reading.place(ref.table, ref.key)


def _key(table: str, name: str) -> str:
    return name.rpartition("-")[0] if table == RunRecord.table else name
