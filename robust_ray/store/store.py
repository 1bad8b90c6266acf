"""The store: key → checkpoint and key → rows. Nothing is readable at a key until it is complete.

::

    FORMAT                              what this layout is called
    checkpoints/<key>/manifest.json     written last; names the attempt beside it
    checkpoints/<key>/attempt-<id>/
    tables/<table>/<key>.parquet        one call's rows
    tables/runs/<key>-<attempt>.parquet every attempt, also the failed ones
    plans/<sweep>-<hash>.json           which keys a sweep is made of
    drivers/<name>.json                 which keys a driver is at, while it lives
    quarantine/                         what was found damaged
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pyarrow as pa

from robust_ray.core.call import Ref
from robust_ray.core.errors import CorruptedError, StoreError, SweepError, did_you_mean
from robust_ray.core.identity import digest
from robust_ray.core.records import RECORDS, Record, RunRecord
from robust_ray.store import artifacts, results
from robust_ray.store.drivers import Driver, drivers
from robust_ray.store.filesystem import Files
from robust_ray.store.leases import BEAT, Leases

FORMAT = 1
ROWS = ".parquet"
TABLES: dict[str, type[Record]] = {record.table: record for record in RECORDS}

_READERS = 16
"""Files read at once; a bucket answers each in tens of milliseconds, and many in the same."""


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
                keys.update(self._names(table))
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
        return results.from_table(self._read(_path(ref)), TABLES[str(ref.table)])

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
        return results.provenance(self._read(_path(ref)))

    def damaged(self, refs: Sequence[Ref]) -> list[Ref]:
        """Those of some complete outputs that are not what was committed: a file of rows, or a checkpoint's manifest.

        A checkpoint's files are checked against their sums when a call asks for them, by :meth:`checkpoint`.
        """
        with ThreadPoolExecutor(_READERS) as readers:
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
        self._files.put(f"tables/{RunRecord.table}/{run.key}-{run.attempt}.parquet", results.to_parquet(table, {}))

    def attempts(self) -> list[Attempt]:
        """Every attempt that has been recorded, by one listing."""
        entries = self._files.list(f"tables/{RunRecord.table}")
        names = [(entry.path.removesuffix(ROWS), entry.modified) for entry in entries if entry.path.endswith(ROWS)]
        return [Attempt(_key(RunRecord.table, name), name, modified) for name, modified in names]

    def runs(self, attempts: Iterable[Attempt] | None = None) -> list[RunRecord]:
        """The records of some attempts, or of all, as far as they are readable."""
        names = [attempt.name for attempt in (self.attempts() if attempts is None else attempts)]
        return results.from_table(self._whole_table(RunRecord.table, names).table, RunRecord)

    def drivers(self) -> list[Driver]:
        """Who is at work on the store, as far as can be told from outside."""
        return drivers(self._files)

    def put_plan(self, sweep: str, document: Mapping[str, Any]) -> str:
        """Record what a sweep is made of, as the latest; returns the plan's name."""
        name = f"{sweep}-{digest(document)}"
        self._files.put(f"plans/{name}.json", json.dumps(dict(document), indent=1).encode(), replace=True)
        return name

    def plans(self, sweep: str | None = None) -> list[dict[str, Any]]:
        """The plans of a sweep, or of all, latest last; damaged ones are left out, and written anew by the next run."""
        entries = sorted(self._files.list("plans"), key=lambda entry: (entry.modified, entry.path))
        wanted = [entry.path for entry in entries if sweep is None or entry.path.rpartition("-")[0] == sweep]
        documents = (self._try_plan(f"plans/{path}") for path in wanted)
        return [document for document in documents if document is not None]

    def planned(self, sweep: str) -> tuple[str, ...]:
        """Keys of the latest plan of a sweep: what it asked for before it was changed is no longer part of it.

        Raises:
            SweepError: the sweep was never run into this store.
        """
        documents = self.plans(sweep)
        if not documents:
            known = {str(document["sweep"]) for document in self.plans()}
            raise SweepError(f"{self.uri}: sweep {sweep!r} was never run into this store; {did_you_mean(sweep, known)}")
        return tuple(documents[-1]["keys"])

    def table(self, name: str, keys: Collection[str] | None = None) -> Loaded:
        """All rows of a table, or those of some keys; damaged files are left out and named."""
        wanted = None if keys is None else frozenset(keys)
        names = [found for found in self._names(name) if wanted is None or _key(name, found) in wanted]
        return self._whole_table(name, names)

    def leases(self, beat: float = BEAT) -> Leases:
        """What the drivers on this store are at.

        Args:
            beat: Seconds between two signs of life.
        """
        return Leases(self._files, beat=beat)

    def local_path(self, *parts: str) -> Path:
        """A path inside a store on a disk, its folder made, for files that are not the store's own (an Optuna journal).

        Raises:
            StoreError: the store is remote.
        """
        path = self._files.local("/".join(parts))
        if path is None:
            raise StoreError(
                f"{self.uri}: a store on a disk is needed here, but got a remote one; use a local or shared folder"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

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

    def _whole_table(self, name: str, files: Sequence[str]) -> Loaded:
        with ThreadPoolExecutor(_READERS) as readers:
            tables = list(readers.map(lambda file: self._try_read(f"tables/{name}/{file}.parquet"), files))
        whole = [table.replace_schema_metadata(None) for table in tables if table is not None]
        unreadable = [file for file, table in zip(files, tables, strict=True) if table is None]
        return Loaded(pa.concat_tables([results.schema(TABLES[name]).empty_table(), *whole]), unreadable)

    def _names(self, table: str) -> list[str]:
        paths = (entry.path for entry in self._files.list(f"tables/{table}"))
        return [path.removesuffix(ROWS) for path in paths if path.endswith(ROWS)]

    def _read(self, path: str) -> pa.Table:
        record = TABLES[path.split("/")[1]]
        return results.from_parquet(self._files.read(path), record, f"{self.uri}/{path}")

    def _is_sound(self, ref: Ref) -> bool:
        if ref.table is not None:
            return results.is_sound(self._files.read(_path(ref)), TABLES[ref.table])
        try:
            artifacts.read_manifest(self._files, ref.key)
        except CorruptedError:
            return False
        return True

    def _try_plan(self, path: str) -> dict[str, Any] | None:
        try:
            document = json.loads(self._files.read(path))
        except ValueError:
            return None
        return document if isinstance(document, dict) and isinstance(document.get("keys"), list) else None

    def _try_read(self, path: str) -> pa.Table | None:
        try:
            return self._read(path)
        except CorruptedError:
            return None


def _reopen(uri: str) -> Store:
    """On another machine: a store that is not there means a folder that is not shared, never a new store."""
    return Store(Files.at(uri), create=False)


def _path(ref: Ref) -> str:
    """The file whose presence makes the output at ``ref`` complete."""
    return artifacts.manifest_path(ref.key) if ref.table is None else f"tables/{ref.table}/{ref.key}.parquet"


def _key(table: str, name: str) -> str:
    return name.rpartition("-")[0] if table == RunRecord.table else name
