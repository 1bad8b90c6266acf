"""The store: stories of one sweep after another."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from unittest.mock import Mock

import pytest

from robust_ray.core.call import Ref
from robust_ray.core.errors import CorruptedError, StoreError
from robust_ray.core.records import RECORDS, AttackRecord, Record, RunRecord, SubstituteRecord
from robust_ray.store import Store, schema
from robust_ray.store.filesystem import Files
from tests.store.conftest import filled, substitutes

ROWS = Ref("substitutes-tokens-v1-0123456789abcdef", "substitutes")
CHECKPOINT = Ref("finetune-tiny-v1-0123456789abcdef", None)


@pytest.fixture
def store(files: Files) -> Store:
    return Store(files)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "workdir"
    place.mkdir()
    (place / "config.json").write_text("{}")
    return place


def run(key: str, attempt: str, outcome: str) -> RunRecord:
    record = filled(RunRecord, key=key, attempt=attempt, outcome=outcome)
    assert isinstance(record, RunRecord)
    return record


class TestRows:
    def test_come_back_in_order(self, store: Store) -> None:
        rows = substitutes(ROWS.key, "cab")
        store.put_rows(ROWS, rows, {"stage": "substitutes"}, SubstituteRecord)
        assert store.has(ROWS)
        assert store.rows(ROWS) == rows
        assert store.provenance(ROWS) == {"stage": "substitutes"}

    def test_none_are_an_answer_too(self, store: Store) -> None:
        store.put_rows(ROWS, [], {}, SubstituteRecord)
        assert store.has(ROWS)
        assert store.rows(ROWS) == []

    def test_are_written_once(self, store: Store) -> None:
        store.put_rows(ROWS, substitutes(ROWS.key, "a"), {}, SubstituteRecord)
        store.put_rows(ROWS, substitutes(ROWS.key, "b"), {}, SubstituteRecord)
        assert store.rows(ROWS) == substitutes(ROWS.key, "a")

    def test_that_are_not_there_are_named(self, store: Store) -> None:
        assert not store.has(ROWS)
        with pytest.raises(StoreError, match=f"{ROWS.key}.parquet: a file must lie there, but got none"):
            store.rows(ROWS)

    def test_of_another_call_are_refused(self, store: Store) -> None:
        with pytest.raises(ValueError, match="rows of this call are needed, but got SubstituteRecord of other"):
            store.put_rows(ROWS, substitutes("other", "a"), {}, SubstituteRecord)

    def test_of_another_table_are_refused(self, store: Store) -> None:
        with pytest.raises(ValueError, match="rows of this call are needed, but got AttackRecord"):
            store.put_rows(ROWS, [], {}, AttackRecord)

    @pytest.mark.parametrize("record", [record for record in RECORDS if record is not RunRecord])
    def test_of_every_record_have_a_table(self, store: Store, record: type[Record]) -> None:
        ref = Ref("k", record.table)
        store.put_rows(ref, [filled(record, key="k")], {}, record)
        assert store.rows(ref) == [filled(record, key="k")]


class TestCheckpoint:
    def test_comes_back(self, store: Store, folder: Path) -> None:
        assert not store.has(CHECKPOINT)
        store.put_checkpoint(CHECKPOINT.key, folder, {"stage": "finetune"})
        assert store.has(CHECKPOINT)
        assert (store.checkpoint(CHECKPOINT.key) / "config.json").read_text() == "{}"
        assert store.provenance(CHECKPOINT) == {"stage": "finetune"}


class TestPresent:
    def test_lists_what_is_complete_and_nothing_else(self, store: Store, files: Files, folder: Path) -> None:
        store.put_rows(ROWS, [], {}, SubstituteRecord)
        store.put_checkpoint(CHECKPOINT.key, folder, {})
        store.put_run(run("failed-x-v1-00", "a", "failed"))
        files.put("checkpoints/cut-off/attempt-1/config.json", b"{}")
        files.put("tables/attacks/.hidden.parquet.1", b"")
        assert store.present() == {ROWS.key, CHECKPOINT.key}

    def test_of_an_empty_store_is_empty(self, store: Store) -> None:
        assert store.present() == set()

    def test_asks_once_a_folder(self, store: Store, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
        for i in range(20):
            store.put_rows(Ref(f"k{i}", "substitutes"), [], {}, SubstituteRecord)
        listing = Mock(wraps=files.list)
        monkeypatch.setattr(files, "list", listing)
        monkeypatch.setattr(files, "exists", lambda path: pytest.fail("asked for a single file"))
        assert len(store.present()) == 20
        assert listing.call_count == len(RECORDS)


class TestDiscard:
    def test_damaged_rows_are_kept_aside_and_made_again(self, store: Store, files: Files) -> None:
        files.put(f"tables/substitutes/{ROWS.key}.parquet", b"PAR1, or so it says")
        with pytest.raises(CorruptedError, match=f"{ROWS.key}.parquet: a whole Parquet file must lie there, but got"):
            store.rows(ROWS)
        store.discard(ROWS)
        assert not store.has(ROWS)
        (entry,) = files.list("quarantine", recursive=True)
        assert files.read(f"quarantine/{entry.path}") == b"PAR1, or so it says"
        store.put_rows(ROWS, substitutes(ROWS.key, "a"), {}, SubstituteRecord)
        assert store.rows(ROWS) == substitutes(ROWS.key, "a")

    def test_a_damaged_checkpoint_is_kept_and_made_again(self, store: Store, files: Files, folder: Path) -> None:
        store.put_checkpoint(CHECKPOINT.key, folder, {})
        (config,) = (entry.path for entry in files.list("checkpoints", recursive=True) if "config" in entry.path)
        files.put(f"checkpoints/{config}", b"[]", replace=True)
        with pytest.raises(CorruptedError, match=r"the checksum of config\.json is wrong"):
            store.checkpoint(CHECKPOINT.key)
        store.discard(CHECKPOINT)
        assert not store.has(CHECKPOINT)
        assert files.read(f"checkpoints/{config}") == b"[]"
        assert len(files.list("quarantine", recursive=True)) == 1
        store.put_checkpoint(CHECKPOINT.key, folder, {})
        assert (store.checkpoint(CHECKPOINT.key) / "config.json").read_text() == "{}"

    def test_of_nothing_does_nothing(self, store: Store, files: Files) -> None:
        store.discard(ROWS)
        store.discard(CHECKPOINT)
        assert files.list("quarantine", recursive=True) == []


class TestRuns:
    def test_keep_every_attempt(self, store: Store) -> None:
        runs = [run("k", "a1", "failed"), run("k", "a2", "done"), run("l", "a3", "done")]
        for one in runs:
            store.put_run(one)
        assert store.runs() == runs

    def test_attempts_have_no_dash(self, store: Store) -> None:
        with pytest.raises(ValueError, match="k: an attempt must be named without a dash, but got 'a-1'"):
            store.put_run(run("k", "a-1", "done"))


class TestPlans:
    def test_are_asked_for_by_sweep(self, store: Store) -> None:
        assert store.put_plan("pareto-2", {"keys": ["a"]}).startswith("pareto-2-")
        store.put_plan("pareto", {"keys": ["c"]})
        assert store.plans("pareto-2") == [{"keys": ["a"]}]
        assert store.plans("pareto") == [{"keys": ["c"]}]

    def test_come_back_latest_last(self, tmp_path: Path) -> None:
        store = Store.open(str(tmp_path))
        names = [store.put_plan("pareto", {"keys": [key]}) for key in "abc"]
        for day, name in enumerate(names):
            os.utime(tmp_path / "plans" / f"{name}.json", (day, day))
        assert store.put_plan("pareto", {"keys": ["a"]}) == names[0]
        assert [plan["keys"] for plan in store.plans()] == [["b"], ["c"], ["a"]]


class TestTable:
    def test_is_all_rows(self, store: Store) -> None:
        for key in ("l", "k"):
            store.put_rows(Ref(key, "substitutes"), substitutes(key, "ba"), {"made": key}, SubstituteRecord)
        table, unreadable = store.table("substitutes")
        assert table.schema.equals(schema(SubstituteRecord), check_metadata=True)
        assert table.select(["key", "substitute"]).to_pylist() == [
            {"key": key, "substitute": name} for key in "kl" for name in "ba"
        ]
        assert unreadable == []

    def test_of_some_keys_reads_only_their_files(self, store: Store, files: Files) -> None:
        files.put("tables/substitutes/bad.parquet", b"")
        store.put_rows(Ref("k", "substitutes"), substitutes("k", "a"), {}, SubstituteRecord)
        assert store.table("substitutes", ["k", "absent"]).table["key"].to_pylist() == ["k"]
        assert store.table("substitutes", ["k", "bad"]).unreadable == ["bad"]
        assert store.table("substitutes", []).table.num_rows == 0

    def test_of_runs_takes_keys_of_calls(self, store: Store) -> None:
        store.put_run(run("stage-k-v1-00", "a1", "failed"))
        store.put_run(run("stage-k-v1-00", "a2", "done"))
        store.put_run(run("stage-l-v1-00", "a3", "done"))
        assert store.table("runs", ["stage-k-v1-00"]).table["attempt"].to_pylist() == ["a1", "a2"]

    @pytest.mark.parametrize("record", RECORDS)
    def test_without_files_has_the_schema(self, store: Store, record: type[Record]) -> None:
        table = store.table(record.table).table
        assert (table.num_rows, table.schema) == (0, schema(record))


class TestOpening:
    def test_makes_the_store(self, tmp_path: Path) -> None:
        store = Store.open(str(tmp_path / "a" / "results"))
        assert (tmp_path / "a" / "results" / "FORMAT").read_text() == '{"format": 1}'
        assert store.uri == str(tmp_path / "a" / "results")
        assert repr(store) == f"Store('{tmp_path}/a/results')"

    def test_finds_what_was_left_there(self, tmp_path: Path) -> None:
        Store.open(str(tmp_path)).put_rows(ROWS, [], {}, SubstituteRecord)
        assert Store.open(f"file://{tmp_path}").has(ROWS)

    def test_refuses_a_newer_store(self, tmp_path: Path) -> None:
        (tmp_path / "FORMAT").write_text('{"format": 2}')
        with pytest.raises(StoreError, match=r"a store of format 1 or older is needed, but got 2; upgrade robust-ray$"):
            Store.open(str(tmp_path))

    @pytest.mark.parametrize("content", ["", "[]", '{"format": null}', '{"version": 1}'])
    def test_refuses_a_damaged_format(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "FORMAT").write_text(content)
        with pytest.raises(StoreError, match="FORMAT must name the store's format, but got"):
            Store.open(str(tmp_path))

    def test_refuses_a_place_it_cannot_use(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="file/FORMAT: the store must be readable and writable, but got: "):
            Store.open(str(tmp_path / "file"))

    def test_survives_pickling(self, tmp_path: Path) -> None:
        store = Store.open(str(tmp_path))
        store.put_rows(ROWS, [], {}, SubstituteRecord)
        assert pickle.loads(pickle.dumps(store)).has(ROWS)  # noqa: S301

    def test_on_a_machine_that_does_not_see_it_is_refused(self, tmp_path: Path) -> None:
        sent = pickle.dumps(Store.open(str(tmp_path / "here")))
        (tmp_path / "here").rename(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="a store must lie there, but got none; use a folder or bucket that every"):
            pickle.loads(sent)  # noqa: S301


def test_a_damaged_plan_is_left_out(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    store.put_plan("sweep", {"sweep": "sweep", "keys": ["a"]})
    for name, content in (("sweep-0", "{"), ("sweep-1", "[]")):
        (tmp_path / "plans" / f"{name}.json").write_text(content)
    assert [plan["keys"] for plan in store.plans("sweep")] == [["a"]]


def test_damaged_outputs_are_found(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    sound, torn = Ref("substitutes-x-v1-1", "substitutes"), Ref("substitutes-x-v1-2", "substitutes")
    for ref in (sound, torn):
        store.put_rows(ref, [], {}, SubstituteRecord)
    (tmp_path / "store" / "tables" / "substitutes" / f"{torn.key}.parquet").write_bytes(b"PAR1")
    assert store.damaged([sound, torn]) == [torn]


def test_looking_for_a_store_makes_none(tmp_path: Path) -> None:
    assert Store.find(str(tmp_path / "store")) is None
    assert not (tmp_path / "store").exists()
