"""One file for other tools: whole or not at all, and never in the place of another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from robust_ray.cli import main
from robust_ray.core.call import Ref
from robust_ray.core.errors import StoreError
from robust_ray.core.records import AttackRecord, Record, Verdict
from robust_ray.export import adversarial, export, export_adversarial
from robust_ray.source import analyse, check
from robust_ray.store import Store, schema
from tests.analysis.synthetic import ORIGINAL, attack, small_store

WON = 6 + 3 + 12 + 6 + 6 + 4


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("small") / "store"
    small_store(folder)
    return str(folder)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def line_of(**changes: Any) -> dict[str, Any]:
    return adversarial(vars(attack("none", "mhm", 0, Verdict.SUCCEEDED, **changes)))


def test_csv_has_every_row_and_column(uri: str, tmp_path: Path) -> None:
    out = tmp_path / "attacks.csv"
    assert export(uri, None, "attacks", "csv", out).rows == 180
    read = pd.read_csv(out)
    assert list(read) == schema(AttackRecord).names
    table = Store.existing(uri).table("attacks").table.to_pandas()
    assert list(read["original"]) == list(table["original"])  # quotes and line ends too
    assert read["adversarial"].isna().sum() == 180 - WON
    assert json.loads(read["curve_queries"].iloc[0]) == [5, 10]


def test_json_lines_and_parquet_have_the_same_rows(uri: str, tmp_path: Path) -> None:
    found = Store.existing(uri).table("attacks").table
    for form in ("jsonl", "parquet"):
        export(uri, None, "attacks", form, tmp_path / form)
    assert lines(tmp_path / "jsonl") == found.to_pylist()
    assert pq.read_table(tmp_path / "parquet").equals(found)


def test_a_sweep_is_a_part_of_the_store(uri: str, tmp_path: Path) -> None:
    store = Store.existing(uri)
    store.put_plan("one", {"sweep": "one", "keys": ["attack-mhm-v1-none"]})
    assert export(uri, "one", "attacks", "csv", tmp_path / "one.csv").rows == 30
    assert export_adversarial(uri, "one", tmp_path / "one.jsonl").rows == 3


def test_no_rows_are_a_file_with_the_columns_alone(uri: str, tmp_path: Path) -> None:
    assert export(uri, None, "substitutes", "csv", tmp_path / "none.csv").rows == 0
    assert pd.read_csv(tmp_path / "none.csv").empty


def test_adversarial_examples_are_those_that_count(uri: str, tmp_path: Path) -> None:
    assert export_adversarial(uri, None, tmp_path / "won.jsonl").rows == WON
    found = lines(tmp_path / "won.jsonl")
    assert len(found) == WON
    first = found[0]
    assert {name: first[name] for name in ("split", "language", "label", "target", "validity", "task", "model")} == {
        "split": "test",
        "language": "c",
        "label": 1,
        "target": None,
        "validity": "compile",
        "task": "defect_detection",
        "model": "tiny",
    }
    assert first["original"] == [ORIGINAL]
    judged = check(analyse(ORIGINAL, "c"), first["adversarial"][0], first["renames"])
    assert judged.is_valid


def test_what_does_not_count_is_left_out(tmp_path: Path) -> None:
    rows = [
        attack("none", "mhm", 0, Verdict.SUCCEEDED),
        replace(attack("none", "mhm", 1, Verdict.SUCCEEDED), is_valid=None),
        replace(attack("none", "mhm", 2, Verdict.INVALID), adversarial="int", is_valid=False),
    ]
    Store.open(str(tmp_path / "store")).put_rows(Ref(rows[0].key, "attacks"), list[Record](rows), {}, AttackRecord)
    assert export_adversarial(str(tmp_path / "store"), None, tmp_path / "out.jsonl").rows == 1


def test_a_pair_has_both_programs_and_a_summary_its_text() -> None:
    pair = line_of(context=("int other;",))
    assert (pair["original"], pair["label"], pair["target"]) == ([ORIGINAL, "int other;"], 1, None)
    assert pair["adversarial"][1] == "int other;"
    summary = line_of(context=("Copies bytes.",), prediction=None, adversarial_prediction=None, label=0)
    assert (summary["original"], summary["label"], summary["target"]) == ([ORIGINAL], None, "Copies bytes.")


def test_damaged_files_are_named_and_the_rest_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_store(tmp_path / "store")
    (tmp_path / "store" / "tables" / "attacks" / "attack-mhm-v1-none.parquet").write_bytes(b"")
    out = tmp_path / "attacks.csv"
    assert main(["export", "--store", str(tmp_path / "store"), "--table", "attacks", "--out", str(out)]) == 1
    assert "UNREADABLE attack-mhm-v1-none" in capsys.readouterr().out
    assert len(pd.read_csv(out)) == 150


def test_what_breaks_midway_leaves_no_file(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robust_ray.export.ROWS", "many")
    with pytest.raises(TypeError):
        export(uri, None, "attacks", "csv", tmp_path / "attacks.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--table", "attaks", "--out", "new"], "did you mean 'attacks'"),
        (["--table", "attacks", "--out", "new", "--format", "cvs"], "did you mean 'csv'"),
        (["--table", "attacks", "--out", "old"], "old: a file that is not there must be named"),
        (["--adversarial", "old"], "old: a file that is not there must be named"),
        (["--adversarial", "nowhere/new"], "nowhere/new: a file must be possible here, but got: No such file"),
        (["--adversarial", "new", "--sweep", "smal"], "did you mean 'small'"),
        (["--table", "attacks"], "`--table NAME --out FILE` or `--adversarial FILE` is needed"),
        ([], "`--table NAME --out FILE` or `--adversarial FILE` is needed"),
    ],
)
def test_a_mistake_is_one_sentence(
    uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old").write_text("here")
    assert main(["export", "--store", uri, *arguments]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert Path("old").read_text() == "here"
    assert not Path("new").exists()


def test_compact_tells_what_it_made_and_what_is_still_to_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_store(tmp_path / "store")
    assert main(["compact", "--store", str(tmp_path / "store"), "--sweep", "small"]) == 0
    said = capsys.readouterr().out
    assert "attacks" in said
    assert "not there yet: 1;" in said
    with pytest.raises(StoreError, match="a store must lie there"):
        Store.existing(str(tmp_path / "nowhere"))
