"""Reading a store: what is there, under which name, and the sentences when there is nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.labels import flatten, short_names
from analysis.load import load
from robust_ray.core.call import Ref
from robust_ray.core.errors import StoreError, SweepError
from robust_ray.core.records import AttackRecord
from robust_ray.store import Store
from tests.analysis.synthetic import N, attacks, evaluation, tables, write


def test_all_tables_are_read(store: Path) -> None:
    rows = load(str(store))
    assert (len(rows.evaluations), len(rows.attacks), len(rows.runs)) == (3, 6 * N, 3)
    assert rows.unreadable == rows.missing == ()


def test_a_sweep_narrows_to_its_keys_and_names_what_is_missing(tmp_path: Path) -> None:
    found = tables()
    opened = write(tmp_path, found)
    opened.put_plan("teacher", {"sweep": "teacher", "keys": ["evaluate-none-v1-cccc", "attack-alert-v1-none", "x-v1"]})
    rows = load(str(tmp_path), "teacher")
    assert set(rows.evaluations["compression"]) == {"none"}
    assert set(rows.attacks["attack"]) == {"alert"}
    assert rows.fidelity.empty
    assert rows.missing == ("x-v1",)


def test_a_damaged_file_is_listed_and_the_rest_read(tmp_path: Path) -> None:
    write(tmp_path, tables())
    (tmp_path / "tables" / "evaluations" / "evaluate-none-v1-cccc.parquet").write_bytes(b"PAR1")
    rows = load(str(tmp_path))
    assert rows.unreadable == ("evaluate-none-v1-cccc",)
    assert len(rows.evaluations) == 2


def test_a_setting_has_the_same_name_in_every_table(store: Path) -> None:
    rows = load(str(store))
    names = {"none (teacher)", "magnitude_pruning sparsity=0.4", "dynamic_quantization bits=8"}
    assert set(rows.evaluations["compression_name"]) == set(rows.attacks["compression_name"]) == names
    assert set(rows.fidelity["compression_name"]) == names - {"none (teacher)"}
    assert set(rows.attacks["attack_name"]) == {"alert", "mhm"}


def test_teachers_fine_tuned_differently_are_told_apart(tmp_path: Path) -> None:
    other = evaluation("none", key="evaluate-none-v1-dddd", teacher="finetune-tiny-v1-bbbb")
    opened = write(tmp_path, tables())
    opened.put_rows(Ref(other.key, other.table), [other], {}, type(other))
    assert set(load(str(tmp_path)).evaluations["model_name"]) == {"tiny #aaaa", "tiny #bbbb"}


def test_what_two_sizes_of_a_study_both_measured_counts_once(tmp_path: Path) -> None:
    opened = write(tmp_path, tables())
    shorter = evaluation("none", key="evaluate-none-v1-eeee", n=50, accuracy=0.1)
    again = [dataclasses.replace(row, key="attack-mhm-v1-eeee") for row in attacks("none", "mhm")]
    opened.put_rows(Ref(shorter.key, shorter.table), [shorter], {}, type(shorter))
    opened.put_rows(Ref("attack-mhm-v1-eeee", "attacks"), again, {}, AttackRecord)
    rows = load(str(tmp_path))
    assert (len(rows.evaluations), len(rows.attacks)) == (3, 6 * N)
    assert set(rows.evaluations["n"]) == {200}


def test_a_store_of_another_version_is_one_sentence(tmp_path: Path) -> None:
    folder = Path(Store.open(str(tmp_path)).uri) / "tables" / "evaluations"
    folder.mkdir(parents=True)
    pq.write_table(
        pa.table({"key": ["evaluate-none-v0-cccc"], "accuracy": [0.5]}), folder / "evaluate-none-v0-cccc.parquet"
    )
    with pytest.raises(StoreError, match="but all 1 files of rows are damaged, or of another version of robust-ray"):
        load(str(tmp_path))


def test_no_store_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a store must lie there, but got none"):
        load(str(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


def test_an_empty_store_is_one_sentence(tmp_path: Path) -> None:
    Store.open(str(tmp_path))
    with pytest.raises(StoreError, match="at least one measured row is needed"):
        load(str(tmp_path))


def test_an_unknown_sweep_names_a_near_one(store: Path) -> None:
    with pytest.raises(SweepError, match="sweep 'smal' was never run into this store; did you mean 'small'"):
        load(str(store), "smal")


def test_short_names_hold_what_differs() -> None:
    two = short_names([("p", '{"epochs":1,"sparsity":0.2}'), ("p", '{"epochs":1,"sparsity":0.4}')])
    assert list(two.values()) == ["p sparsity=0.2", "p sparsity=0.4"]


def test_what_says_no_more_is_left_out_of_a_short_name() -> None:
    sizes = [(32, 64, 0), (64, 128, 0), (64, 128, 1)]
    several = short_names(
        [("kd", f'{{"hidden":{h},"inner":{{"intermediate":{i}}},"copies":{c}}}') for h, i, c in sizes]
    )
    assert list(several.values()) == ["kd copies=0 hidden=32", "kd copies=0 hidden=64", "kd copies=1 hidden=64"]


def test_a_setting_alone_shows_its_numbers_where_asked() -> None:
    alone = [("p", '{"flag":true,"scope":"linear","sparsity":0.4}')]
    assert list(short_names(alone, show_numbers=True).values()) == ["p sparsity=0.4"]
    assert list(short_names(alone).values()) == ["p"]
    many = [("p", '{"a":1,"b":2,"c":3,"sparsity":0.4}')]
    assert list(short_names(many, show_numbers=True).values()) == ["p"], "a name is to be short"


def test_nested_components_are_named_by_their_fields() -> None:
    nested = '{"student":{"type":"bert","version":1,"fields":{"layers":%d}},"tags":["a","b"],"limit":null}'
    assert list(short_names([("kd", nested % 3), ("kd", nested % 6)]).values()) == ["kd layers=3", "kd layers=6"]
    imported = '{"student":{"type":"imported","version":1,"fields":{"head":"%s"},"revision":"%s"}}'
    two = short_names([("imported", imported % ("clone", "ab12")), ("imported", imported % ("clone", "cd34"))])
    assert list(two.values()) == ["imported revision=ab12", "imported revision=cd34"]
    two = short_names([("imported", imported % ("clone", "ab12")), ("imported", imported % ("sequence", "cd34"))])
    assert list(two.values()) == ["imported head=clone", "imported head=sequence"]
    assert flatten({"a": None, "b": [1, 2], "c": {"d": 1}}) == {"a": "null", "b": "1,2", "c.d": "1"}


def test_a_pipeline_has_the_names_of_its_steps() -> None:
    step = '{"fields":{"sparsity":%s},"type":"p","version":1}'
    int8 = '{"fields":{},"type":"int8","version":1}'
    pipelines = [("pipeline", f'{{"steps":[{step % sparsity},{int8}]}}') for sparsity in (0.2, 0.4)]
    alone = ("p", '{"sparsity":0.4}')
    assert list(short_names([pipelines[1], alone], show_numbers=True).values()) == [
        "p sparsity=0.4 → int8",
        "p sparsity=0.4",
    ]
    assert list(short_names([*pipelines, alone, ("int8", "{}")], show_numbers=True).values()) == [
        "p sparsity=0.2 → int8",
        "p sparsity=0.4 → int8",
        "p sparsity=0.4",
        "int8",
    ]
