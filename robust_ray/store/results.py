"""Rows as Parquet: a record's fields are the schema, and a file is one call's rows in order.

Pure: records in, bytes out, and back.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import json
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from robust_ray.core.errors import CorruptedError
from robust_ray.core.records import Record

R = TypeVar("R", bound=Record)

_PROVENANCE = b"robust_ray.provenance"
_SUM = b"robust_ray.sha256"
_SUM_CHARS = 64
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_SCALARS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def schema(record: type[Record], columns: Collection[str] | None = None) -> pa.Schema:
    """The Arrow schema of a record: its fields in order, nullable where the hint says ``| None``.

    Of some columns of it texts are dictionaries: most are one of few, and there may be millions of rows.
    """
    whole = _schema(record)  # type: ignore[arg-type]  # mypy takes a dataclass's __hash__ for its class's
    if columns is None:
        return whole
    return pa.schema([_with_dictionary(field) for field in whole if field.name in columns])


def _with_dictionary(field: pa.Field) -> pa.Field:
    return field.with_type(_DICTIONARY) if field.type == pa.string() else field


def to_table(rows: Sequence[Record], record: type[Record]) -> pa.Table:
    """Rows as a table, in order.

    Raises:
        TypeError: a row of another class.
        ValueError: a null where the record knows none, or a value of the wrong type.
    """
    wrong = next((row for row in rows if type(row) is not record), None)
    if wrong is not None:
        raise TypeError(f"rows of {record.__name__} are needed, but got {type(wrong).__name__}")
    columns = []
    for field in schema(record):
        values = [getattr(row, field.name) for row in rows]
        if not field.nullable and any(value is None for value in values):
            raise ValueError(f"{record.__name__}.{field.name} must not be null, but got None")
        try:
            columns.append(pa.array(values, field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(f"{record.__name__}.{field.name} must be {field.type}, but got: {error}") from error
    return pa.Table.from_arrays(columns, schema=schema(record))


def from_table(table: pa.Table, record: type[R]) -> list[R]:
    """The rows of a table that has the record's schema."""
    rows: list[dict[str, Any]] = table.to_pylist()
    lists = [field.name for field in table.schema if pa.types.is_list(field.type)]
    return [record(**row | {name: tuple(row[name]) for name in lists}) for row in rows]


def to_parquet(table: pa.Table, provenance: Mapping[str, Any]) -> bytes:
    """A whole Parquet file: zstd, page checksums, one row group; the provenance and a checksum in its metadata.

    The checksum is over all other bytes of the file.
    """
    described = table.replace_schema_metadata({_PROVENANCE: json.dumps(provenance)})
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, described.schema, compression="zstd", write_page_checksum=True) as writer:
        writer.write_table(described, row_group_size=max(1, len(described)))
        writer.add_key_value_metadata({_SUM: b"0" * _SUM_CHARS})
    content = bytearray(sink.getvalue())
    place = _place_of_sum(content)
    content[place] = _sum(content, place)
    return bytes(content)


def is_sound(content: bytes, record: type[Record]) -> bool:
    """Whether a Parquet file is as it was written and its columns are the record's.

    Its checksum says the first at little cost; a file without one, as they were written once, is read as a whole.
    """
    place = _place_of_sum(content)
    expected = content[place]
    if expected and expected != _sum(content, place):
        return False
    try:
        if not expected or not pq.read_schema(pa.BufferReader(content)).equals(schema(record)):
            from_parquet(content, record, "")
    except (CorruptedError, pa.ArrowException, OSError):
        return False
    return True


def _place_of_sum(content: bytes | bytearray) -> slice:
    """Where the checksum lies; nowhere if there is none."""
    name = content.rfind(_SUM)
    start = name + len(_SUM) + 2  # the value's type and length come between, a byte each
    return slice(0) if name < 0 else slice(start, start + _SUM_CHARS)


def _sum(content: bytes | bytearray, place: slice) -> bytes:
    total = hashlib.sha256(content[: place.start])
    total.update(content[place.stop :])
    return total.hexdigest().encode()


def from_parquet(
    source: bytes | pa.NativeFile, record: type[Record], where: str, columns: Collection[str] | None = None
) -> pa.Table:
    """The table of a whole Parquet file, its provenance still in the metadata.

    Args:
        source: The file, or its content.
        record: What its rows must be.
        where: What to call it in a complaint.
        columns: Those to read, in the record's order and texts as dictionaries; None for all, as they are.

    Raises:
        CorruptedError: the file is damaged, or its columns are not the record's.
    """
    stream = pa.BufferReader(source) if isinstance(source, bytes) else source
    wanted = schema(record, columns)
    try:
        file = pq.ParquetFile(stream, page_checksum_verification=True)
        held = file.schema_arrow
        names = None if columns is None else [name for name in wanted.names if name in held.names]
        if names is not None:
            texts = [name for name in names if wanted.field(name).type == _DICTIONARY]
            file = pq.ParquetFile(
                stream, page_checksum_verification=True, read_dictionary=texts, metadata=file.metadata
            )
        table = file.read(names, use_threads=False)
        table.validate(full=True)
        if len(table) != file.metadata.num_rows:  # the footer, which counts the rows, is under no checksum
            raise ValueError(f"{len(table)} rows instead of {file.metadata.num_rows}")
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise CorruptedError(
            f"{where}: a whole Parquet file must lie there, but got: {reason}; discard it to have it made again"
        ) from error
    differing = [] if held.equals(schema(record)) else _differing(held, schema(record))
    if differing:
        raise CorruptedError(
            f"{where}: the columns must be those of {record.__name__}, but got a difference in {', '.join(differing)}; "
            "discard it to have it made again"
        )
    for name in set(wanted.names) - set(held.names):
        table = table.append_column(wanted.field(name), pa.nulls(len(table), wanted.field(name).type))
    return table.select(wanted.names)


def _differing(held: pa.Schema, wanted: pa.Schema) -> list[str]:
    """Columns that are not as they must be; one that the record gained since, and may be null, was not measured."""
    found = {field.name: field for field in held}
    expected = {field.name: field for field in wanted if field.name in found or not field.nullable}
    same = {name for name in found.keys() & expected.keys() if found[name].equals(expected[name])}
    return sorted(str(field) for side in (found, expected) for name, field in side.items() if name not in same)


def provenance(table: pa.Table) -> dict[str, Any]:
    """What the file says of how it was made."""
    found: dict[str, Any] = json.loads((table.schema.metadata or {}).get(_PROVENANCE, b"{}"))
    return found


@functools.cache
def _schema(record: type[Record]) -> pa.Schema:
    hints = typing.get_type_hints(record)
    return pa.schema([_column(field.name, hints[field.name]) for field in dataclasses.fields(record)])


def _column(name: str, hint: Any) -> pa.Field:
    nullable = False
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        options = [option for option in typing.get_args(hint) if option is not type(None)]
        nullable = len(options) < len(typing.get_args(hint))
        hint = options[0] if len(options) == 1 else hint
    if typing.get_origin(hint) is tuple and typing.get_args(hint)[1:] == (Ellipsis,):
        return pa.field(name, pa.list_(_SCALARS[typing.get_args(hint)[0]]), nullable)
    if hint not in _SCALARS:
        raise TypeError(
            f"field {name!r}: a column of type {hint} is not known; use str, int, float, bool, tuple[...] or None"
        )
    return pa.field(name, _SCALARS[hint], nullable)
