"""Rows of a store as one file for other tools, and adversarial examples to train on.

Nothing is held as a whole: a file or part of the store at a time is read, some rows of it at a time are written. The
file appears whole or not at all, and never in the place of another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pyarrow import parquet as pq

from robust_ray.core.errors import StoreError, SweepError, did_you_mean
from robust_ray.core.records import RECORDS, AttackRecord, Verdict
from robust_ray.store import Loaded, Store, schema

ROWS = 1000
"""Rows that are texts in memory at once."""

SPLIT = "test"
"""What attacks are run on."""

SAID = (
    *("uid", "language", "model", "task", "compression", "compression_params", "attack", "attack_params", "seed"),
    "validity",
)
"""Columns of an adversarial example that stand in its line as they are."""

_READ = (*SAID, "verdict", "is_valid", "prediction", "label", "original", "adversarial", "context", "renames", "edits")


class Exported(NamedTuple):
    """What a file was made of."""

    rows: int
    unreadable: tuple[str, ...]
    """Names of files whose rows are not in it because they are damaged."""


def export(uri: str, sweep: str | None, table: str, form: str, out: Path) -> Exported:
    """Write a table, or a sweep's part of it, to one file.

    Args:
        uri: Folder or URI of the store.
        sweep: Name of a sweep whose plan lies in the store; None for all rows.
        table: The table.
        form: One of :data:`FORMS`.
        out: The file, which must not be there.

    Raises:
        SweepError: there is no such table, form or sweep.
        StoreError: there is no store, or the file cannot be written.
    """
    tables = {record.table: record for record in RECORDS}
    if table not in tables:
        raise SweepError(f"--table {table!r}: a table must be named, but there is none; {did_you_mean(table, tables)}")
    if form not in FORMS:
        raise SweepError(f"--format {form!r}: a known format is needed; {did_you_mean(form, FORMS)}")
    store = Store.existing(uri)
    keys = None if sweep is None else store.planned(sweep)
    return _written(store.batches(table, keys), out, lambda rows, file: FORMS[form](rows, schema(tables[table]), file))


def export_adversarial(uri: str, sweep: str | None, out: Path) -> Exported:
    """Write every valid adversarial example as a line of JSON.

    ``original`` and ``adversarial`` are all the programs the victim reads, the attacked one first; ``label`` is null
    where a text is asked for, and ``target`` null where a class is.

    Args:
        uri: Folder or URI of the store.
        sweep: Name of a sweep whose plan lies in the store; None for all rows.
        out: The file, which must not be there.

    Raises:
        SweepError: there is no such sweep.
        StoreError: there is no store, or the file cannot be written.
    """
    store = Store.existing(uri)
    keys = None if sweep is None else store.planned(sweep)
    found = store.batches(AttackRecord.table, keys, _READ)
    valid = (Loaded(batch.table.filter(_counts(batch.table)), batch.unreadable) for batch in found)
    return _written(valid, out, lambda rows, file: _lines(map(adversarial, _each(rows)), file))


def adversarial(row: Mapping[str, Any]) -> dict[str, Any]:
    """The line of one attacked example."""
    asks_for_text = row["prediction"] is None
    others: list[str] = row["context"][:-1] if asks_for_text else row["context"]
    return {name: row[name] for name in SAID} | {
        "split": SPLIT,
        "label": None if asks_for_text else row["label"],
        "target": row["context"][-1] if asks_for_text else None,
        "original": [row["original"], *others],
        "adversarial": [row["adversarial"], *others],
        "renames": json.loads(row["renames"]),
        "edits": json.loads(row["edits"]),
    }


def _counts(table: pa.Table) -> pa.ChunkedArray:
    """Which rows are successes of a valid program."""
    return pc.and_(pc.equal(table["verdict"], Verdict.SUCCEEDED.value), pc.fill_null(table["is_valid"], False))


def _written(batches: Iterable[Loaded], out: Path, write: Callable[[Iterator[pa.Table], Path], None]) -> Exported:
    """Let ``write`` make the file out of the batches' rows, under another name until it is whole."""
    if out.exists():
        raise StoreError(f"{out}: a file that is not there must be named, but this one is; choose another or move it")
    rows = 0
    unreadable: list[str] = []

    def tables() -> Iterator[pa.Table]:
        nonlocal rows
        for table, damaged in batches:
            rows += len(table)
            unreadable.extend(damaged)
            yield table

    hidden = out.with_name(f".{out.name}.{uuid4().hex}")
    try:
        hidden.touch()
        write(tables(), hidden)
        hidden.rename(out)
    except OSError as error:
        raise StoreError(
            f"{out}: a file must be possible here, but got: {error.strerror or error}; choose another"
        ) from error
    finally:
        hidden.unlink(missing_ok=True)
    return Exported(rows, tuple(unreadable))


def _csv(tables: Iterator[pa.Table], columns: pa.Schema, file: Path) -> None:
    """Text in quotes, null as nothing, lists as JSON."""
    flat = pa.schema([column.with_type(pa.string()) if _is_list(column) else column for column in columns])
    with csv.CSVWriter(file, flat) as writer:
        for table in tables:
            for batch in table.to_batches(ROWS):
                writer.write_table(pa.table([_flat(batch, column) for column in columns], schema=flat))


def _flat(batch: pa.RecordBatch, column: pa.Field) -> pa.Array:
    values = batch[column.name]
    return pa.array(list(map(json.dumps, values.to_pylist())), pa.string()) if _is_list(column) else values


def _is_list(column: pa.Field) -> bool:
    is_list: bool = pa.types.is_list(column.type)
    return is_list


def _json_lines(tables: Iterator[pa.Table], columns: pa.Schema, file: Path) -> None:
    _lines(_each(tables), file)


def _parquet(tables: Iterator[pa.Table], columns: pa.Schema, file: Path) -> None:
    with pq.ParquetWriter(file, columns, compression="zstd") as writer:
        for table in tables:
            if len(table):
                writer.write_table(table)


def _lines(rows: Iterable[Mapping[str, Any]], file: Path) -> None:
    with file.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _each(tables: Iterable[pa.Table]) -> Iterator[dict[str, Any]]:
    for table in tables:
        for batch in table.to_batches(ROWS):
            yield from batch.to_pylist()


FORMS: Mapping[str, Callable[[Iterator[pa.Table], pa.Schema, Path], None]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "parquet": _parquet,
}
"""How a table may be written."""
