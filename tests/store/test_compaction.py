"""Compaction: whatever happens, a table is what its files are, each row once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robust_ray.core.call import Ref
from robust_ray.core.errors import SweepError
from robust_ray.core.records import SubstituteRecord
from robust_ray.store import Compacted, Store, compaction, parts, schema
from robust_ray.store.filesystem import Entry, Files
from robust_ray.store.reading import read_alone
from tests.store.conftest import substitutes
from tests.store.test_store import run

TABLE = SubstituteRecord.table
KEYS = ("k", "l", "m", "n")
REPOSITORY = Path(__file__).parents[2]


def put(store: Store, key: str, names: str = "ba") -> None:
    store.put_rows(Ref(key, TABLE), substitutes(key, names), {"made": key}, SubstituteRecord)


def plan(store: Store, sweep: str, keys: Collection[str]) -> None:
    store.put_plan(sweep, {"sweep": sweep, "keys": list(keys)})


def from_files(files: Files) -> pa.Table:
    """The table as the files of its calls have it."""
    names = [entry.path.removesuffix(".parquet") for entry in files.list(f"tables/{TABLE}")]
    found = (table for _, table in read_alone(files, SubstituteRecord, names) if table is not None)
    return pa.concat_tables(
        [schema(SubstituteRecord).empty_table(), *(table.replace_schema_metadata(None) for table in found)]
    )


@pytest.fixture
def store(files: Files) -> Store:
    """Four calls, of which a sweep is made."""
    store = Store(files)
    for key in KEYS:
        put(store, key)
    plan(store, "study", [*KEYS, "not-yet"])
    return store


def read_files(files: Files, store: Store) -> int:
    """Files of single calls that are read for the whole table."""
    watched = Mock(wraps=files.read)
    files.read = watched  # type: ignore[method-assign]
    store.table(TABLE)
    del files.read
    return watched.call_count


def test_a_table_stays_the_same(store: Store, files: Files) -> None:
    before, names = store.table(TABLE), store.table(TABLE, columns=["substitute", "key"])
    some = store.table(TABLE, ["m", "k", "l"])
    assert Compacted(TABLE, 4, 1, ()) in store.compact("study")
    assert store.table(TABLE) == before
    assert store.table(TABLE, columns=["substitute", "key"]).table.to_pylist() == names.table.to_pylist()
    assert store.table(TABLE, ["m", "k", "l"]) == some
    assert pa.concat_tables(batch.table for batch in store.batches(TABLE)) == before.table
    assert store.rows(Ref("k", TABLE)) == substitutes("k", "ba")
    assert store.provenance(Ref("k", TABLE)) == {"made": "k"}
    has_times = all(entry.modified for entry in files.list(f"tables/{TABLE}"))
    assert read_files(files, store) == (0 if has_times else 4)


def test_attempts_are_told_apart(store: Store) -> None:
    plan(store, "study", ["stage-k-v1-00"])
    for attempt in ("a1", "a2"):
        store.put_run(run("stage-k-v1-00", attempt, "failed"))
    store.compact("study")
    assert [run.attempt for run in store.runs()] == ["a1", "a2"]


def test_few_calls_are_read_from_their_own_files(store: Store) -> None:
    store.compact("study")
    before = store.table(TABLE, ["k"])
    assert before.table["key"].to_pylist() == ["k", "k"]


def test_an_unknown_sweep_is_refused(store: Store) -> None:
    with pytest.raises(SweepError, match="did you mean 'study'"):
        store.compact("stuby")


class TestOnADisk:
    """What happens after a compaction, or in its midst."""

    @pytest.fixture
    def files(self, tmp_path: Path) -> Files:
        return Files.at(str(tmp_path / "results"))

    def test_what_is_added_later_is_read_beside_it(self, store: Store, files: Files) -> None:
        store.compact("study")
        put(store, "kk")
        assert store.table(TABLE).table["key"].to_pylist() == [key for key in ("k", "kk", "l", "m", "n") for _ in "ba"]
        assert read_files(files, store) == 1

    def test_what_is_put_aside_is_gone_and_what_is_made_again_is_new(self, store: Store) -> None:
        store.compact("study")
        store.discard(Ref("l", TABLE))
        assert set(store.table(TABLE).table["key"].to_pylist()) == {"k", "m", "n"}
        put(store, "l", "z")
        again = store.table(TABLE).table.filter(pc.equal(store.table(TABLE).table["key"], "l"))
        assert again["substitute"].to_pylist() == ["z"]

    def test_a_damaged_file_is_left_out_and_named(self, store: Store, files: Files) -> None:
        files.put(f"tables/{TABLE}/m.parquet", b"", replace=True)
        assert Compacted(TABLE, 4, 1, ("m",)) in store.compact("study")
        assert store.table(TABLE).unreadable == ["m"]
        assert set(store.table(TABLE).table["key"].to_pylist()) == {"k", "l", "n"}

    @pytest.mark.parametrize("content", [b"", b"PAR1 and no more", None])
    def test_a_damaged_part_hides_nothing(self, store: Store, files: Files, content: bytes | None) -> None:
        store.compact("study")
        before = store.table(TABLE)
        path = f"compact/study/{TABLE}-000.parquet"
        files.put(path, files.read(path)[:200] if content is None else content, replace=True)
        assert store.table(TABLE) == before

    def test_the_rows_of_another_table_in_its_place_hide_nothing(self, store: Store, files: Files) -> None:
        before = store.table(TABLE)
        files.put(f"compact/study/{TABLE}-000.parquet", files.read(f"tables/{TABLE}/k.parquet"))
        assert store.table(TABLE) == before

    def test_a_part_that_was_replaced_meanwhile_is_not_taken_for_the_old_one(self, store: Store, files: Files) -> None:
        store.compact("study")
        (old,) = parts.found(files, TABLE)
        assert parts.read(files, old, SubstituteRecord, None) is not None
        plan(store, "study", ["k", "n"])
        store.compact("study")
        assert parts.read(files, old, SubstituteRecord, None) is None

    def test_parts_are_of_bounded_size_and_none_is_left_over(
        self, store: Store, files: Files, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = store.table(TABLE)
        monkeypatch.setattr(compaction, "PART_BYTES", 1)
        assert Compacted(TABLE, 4, 4, ()) in store.compact("study")
        assert store.table(TABLE) == before
        monkeypatch.undo()
        assert Compacted(TABLE, 4, 1, ()) in store.compact("study")
        assert [entry.path for entry in files.list("compact/study")] == [f"{TABLE}-000.parquet"]
        assert store.table(TABLE) == before

    def test_a_copy_without_the_times_is_read_file_by_file(self, store: Store, files: Files, tmp_path: Path) -> None:
        store.compact("study")
        before = store.table(TABLE)
        for path in (tmp_path / "results" / "tables" / TABLE).iterdir():
            os.utime(path, (1, 1))
        assert store.table(TABLE) == before
        assert read_files(files, store) == 4

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("put"), st.sampled_from("abcdef"), st.sampled_from(["x", "yz", ""])),
                st.tuples(st.just("discard"), st.sampled_from("abcdef"), st.none()),
                st.tuples(st.just("compact"), st.sampled_from(["left", "right"]), st.none()),
            ),
            max_size=12,
        )
    )
    def test_whatever_happens_a_table_is_what_its_files_are(
        self, tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, str, str | None]]
    ) -> None:
        files = Files.at(str(tmp_path_factory.mktemp("story")))
        store = Store(files)
        plan(store, "left", "abcd")
        plan(store, "right", "cdef")
        for what, name, names in story:
            if what == "put" and names is not None:
                put(store, name, names)
            elif what == "discard":
                store.discard(Ref(name, TABLE))
            elif what == "compact":
                store.compact(name)
            assert store.table(TABLE).table == from_files(files)

    def test_a_kill_at_any_moment_loses_nothing(self, store: Store, files: Files, tmp_path: Path) -> None:
        before = store.table(TABLE)
        program = f"""
from robust_ray.store import Store, compaction
store = Store.existing({str(tmp_path / "results")!r})
print("ready", flush=True)
i = 0
while True:
    i += 1
    compaction.PART_BYTES = i % 2 or 1 << 20
    store.compact("study")
"""
        moments = random.Random(0)
        for _ in range(4):
            process = subprocess.Popen(
                [sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            until = time.monotonic() + moments.uniform(0.05, 0.4)
            while time.monotonic() < until:
                assert store.table(TABLE) == before
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
            assert store.table(TABLE) == before
        store.compact("study")
        assert store.table(TABLE) == before
        assert read_files(files, store) == 0


def test_files_that_cannot_tell_their_times_are_never_as_they_were() -> None:
    part = parts.Part("a", (parts.Member("k", 0, 1),))
    assert parts.spans([part], dict([Entry("k", 0)])) == {}
