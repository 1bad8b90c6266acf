"""Records as Parquet."""

from __future__ import annotations

import dataclasses
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.core.errors import CorruptedError
from robust_ray.core.records import RECORDS, Record, RunRecord, SubstituteRecord
from robust_ray.store import results
from robust_ray.store.results import from_parquet, from_table, is_sound, provenance, schema, to_parquet, to_table
from tests.store.conftest import filled, substitutes

GOLDEN = Path(__file__).parents[1] / "golden" / "schemas.txt"


@dataclass(frozen=True, kw_only=True)
class Sample(Record):
    """A row with a column of every type."""

    table: ClassVar[str] = "samples"

    text: str
    """Text."""
    whole: int
    """Whole number."""
    number: float
    """Number."""
    flag: bool
    """Truth."""
    words: tuple[str, ...]
    """Texts."""
    numbers: tuple[float, ...]
    """Numbers."""
    perhaps: int | None
    """Whole number or null."""
    maybe: str | None
    """Text or null."""


texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.floats(allow_nan=False)
wholes = st.integers(-(2**63), 2**63 - 1)
samples = st.builds(
    Sample,
    key=texts,
    text=texts,
    whole=wholes,
    number=numbers,
    flag=st.booleans(),
    words=st.lists(texts).map(tuple),
    numbers=st.lists(numbers).map(tuple),
    perhaps=st.none() | wholes,
    maybe=st.none() | texts,
)


def describe_schemas() -> str:
    blocks = []
    for record in RECORDS:
        lines = [f"  {field.name}: {field.type}{'' if field.nullable else ' not null'}" for field in schema(record)]
        blocks.append("\n".join([record.table, *lines]) + "\n")
    return "\n".join(blocks)


def test_schemas_are_golden() -> None:
    """Columns are a promise to every file ever written: to change them on purpose, run once with GOLDEN=write."""
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(describe_schemas())
    assert describe_schemas() == GOLDEN.read_text()


def test_schema_follows_the_hints() -> None:
    assert schema(Sample) == pa.schema(
        [
            pa.field("key", pa.string(), False),
            pa.field("text", pa.string(), False),
            pa.field("whole", pa.int64(), False),
            pa.field("number", pa.float64(), False),
            pa.field("flag", pa.bool_(), False),
            pa.field("words", pa.list_(pa.string()), False),
            pa.field("numbers", pa.list_(pa.float64()), False),
            pa.field("perhaps", pa.int64(), True),
            pa.field("maybe", pa.string(), True),
        ]
    )


def test_schema_refuses_types_it_does_not_know() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Odd(Record):
        table: ClassVar[str] = "odd"
        folder: bytes
        """Of no known type."""

    with pytest.raises(TypeError, match="field 'folder': a column of type <class 'bytes'> is not known"):
        schema(Odd)


@settings(deadline=None)
@given(st.lists(samples))
def test_rows_survive_the_file(rows: list[Sample]) -> None:
    content = to_parquet(to_table(rows, Sample), {})
    assert from_table(from_parquet(content, Sample, "here"), Sample) == rows


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_survives_the_file(record: type[Record]) -> None:
    rows = [filled(record, key=f"k{i}") for i in range(3)]
    content = to_parquet(to_table(rows, record), {})
    assert from_table(from_parquet(content, record, "here"), record) == rows


@pytest.mark.parametrize("record", RECORDS)
def test_some_columns_are_those_of_the_whole_table(record: type[Record]) -> None:
    content = to_parquet(to_table([filled(record, key=f"k{i}") for i in range(3)], record), {})
    names = schema(record).names[::-2]
    some = from_parquet(content, record, "here", names)
    assert some.schema.equals(schema(record, names))
    assert some.schema.names == [name for name in schema(record).names if name in names]
    assert some.to_pylist() == from_parquet(content, record, "here").select(some.schema.names).to_pylist()
    assert all(not pa.types.is_string(field.type) for field in some.schema)


def test_a_column_gained_later_is_null_among_some_columns_too() -> None:
    whole = to_table([filled(SubstituteRecord)], SubstituteRecord)
    content = to_parquet(whole.drop_columns(["uid", "identifier"]), {})
    some = from_parquet(content, SubstituteRecord, "here", ["identifier", "rank"])
    assert some.to_pylist() == [{"identifier": None, "rank": 1}]
    assert some.schema.equals(schema(SubstituteRecord, ["identifier", "rank"]))


def test_the_columns_of_another_record_are_corruption_though_none_of_them_is_read() -> None:
    content = to_parquet(to_table([filled(RunRecord)], RunRecord), {})
    with pytest.raises(CorruptedError, match="the columns must be those of SubstituteRecord"):
        from_parquet(content, SubstituteRecord, "here", ["key"])


@pytest.mark.parametrize("n", [0, 1, 5000])
def test_a_file_is_one_zstd_row_group(n: int) -> None:
    content = to_parquet(to_table([filled(SubstituteRecord)] * n, SubstituteRecord), {})
    metadata = pq.ParquetFile(io.BytesIO(content)).metadata
    assert metadata.num_rows == n
    assert metadata.num_row_groups == 1
    assert metadata.row_group(0).column(0).compression == "ZSTD" or n == 0


def test_provenance_is_in_the_file() -> None:
    content = to_parquet(to_table([], SubstituteRecord), {"stage": "substitutes", "params": {"n": 1}})
    assert provenance(from_parquet(content, SubstituteRecord, "here")) == {"stage": "substitutes", "params": {"n": 1}}


def test_a_null_where_there_is_none_is_refused() -> None:
    row = filled(SubstituteRecord, substitute=None)
    with pytest.raises(ValueError, match=r"SubstituteRecord\.substitute must not be null, but got None"):
        to_table([row], SubstituteRecord)


def test_a_value_of_the_wrong_type_is_refused() -> None:
    row = filled(SubstituteRecord, rank="first")
    with pytest.raises(ValueError, match=r"SubstituteRecord\.rank must be int64, but got: .*first"):
        to_table([row], SubstituteRecord)


def test_rows_of_another_record_are_refused() -> None:
    with pytest.raises(TypeError, match="rows of Sample are needed, but got SubstituteRecord"):
        to_table([filled(SubstituteRecord)], Sample)


def test_other_columns_are_corruption() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Longer(SubstituteRecord):
        more: int
        """One column too many."""

    content = to_parquet(to_table([filled(Longer)], Longer), {})
    with pytest.raises(
        CorruptedError, match=r"here: the columns must be those of SubstituteRecord, but got .*more: int64"
    ):
        from_parquet(content, SubstituteRecord, "here")


@settings(deadline=None)
@given(st.data())
def test_damage_is_never_read_as_other_rows(data: st.DataObject) -> None:
    rows = substitutes("k", "abcdefgh")
    content = bytearray(to_parquet(to_table(rows, SubstituteRecord), {}))
    at = data.draw(st.integers(0, len(content) - 1))
    cut = data.draw(st.booleans())
    damaged = bytes(content[:at]) if cut else bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
    try:
        read = from_table(from_parquet(damaged, SubstituteRecord, "here"), SubstituteRecord)
    except CorruptedError:
        return
    assert [dataclasses.astuple(row) for row in read] == [dataclasses.astuple(row) for row in rows]


def test_damage_anywhere_is_noticed_without_reading_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    content = to_parquet(to_table(substitutes("k", "abcdefgh"), SubstituteRecord), {"made": "by a test"})
    name = content.index(b"robust_ray.sha256")
    whole = []
    monkeypatch.setattr(results, "from_parquet", lambda *read: whole.append(read))
    assert is_sound(content, SubstituteRecord)
    for at in {*range(len(content))} - {*range(name, name + len(b"robust_ray.sha256"))}:
        assert not is_sound(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :], SubstituteRecord), at
    assert not any(is_sound(content[:length], SubstituteRecord) for length in range(name + 20, len(content)))
    assert not whole


def test_a_file_without_a_checksum_is_sound_if_it_can_be_read() -> None:
    table = to_table(substitutes("k", "abcdefgh"), SubstituteRecord)
    sink = io.BytesIO()
    pq.write_table(table, sink, write_page_checksum=True)
    content = sink.getvalue()
    assert is_sound(content, SubstituteRecord)
    assert not is_sound(content[:50] + b"damage" + content[56:], SubstituteRecord)


def test_a_file_with_the_columns_of_another_record_is_not_sound() -> None:
    assert not is_sound(to_parquet(to_table(substitutes("k", "a"), SubstituteRecord), {}), Sample)


def test_a_nullable_column_gained_later_was_not_measured() -> None:
    """A file of an older version stays readable; one that lacks what every row must have does not."""
    row = Sample(key="k", text="", whole=1, number=1.0, flag=True, words=(), numbers=(), perhaps=2, maybe=None)
    table = to_table([row], Sample)
    older = table.drop_columns(["perhaps"])
    assert from_parquet(to_parquet(older, {}), Sample, "x")["perhaps"].null_count == 1
    with pytest.raises(CorruptedError, match="number: double"):
        from_parquet(to_parquet(table.drop_columns(["number"]), {}), Sample, "x")
