"""The transfer matrix, its two directions and its drawing, on rows whose every number is known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis import transfer
from analysis.load import load
from analysis.tables import as_text, gaps
from analysis.transfer import POOLED, by_attack, directions, draw, matrix, wide
from robust_ray.core.call import Ref
from robust_ray.core.records import Record, TransferRecord
from robust_ray.metrics import wilson_interval
from robust_ray.store import Store
from tests.analysis import synthetic
from tests.analysis.synthetic import only

VICTIMS = tuple(synthetic.STUDENTS)
FOUND = {"none": 8, "magnitude_pruning": 6, "dynamic_quantization": 0}
"""Adversarial examples that each attack has found against each victim."""

FOOLED = {
    # source, target: wrong on the original, fooled
    ("none", "none"): (0, 8),
    ("none", "magnitude_pruning"): (2, 3),
    ("none", "dynamic_quantization"): (8, 0),
    ("magnitude_pruning", "none"): (1, 1),
    ("magnitude_pruning", "magnitude_pruning"): (0, 6),
    ("magnitude_pruning", "dynamic_quantization"): (0, 3),
}
TEACHER, PRUNED, INT8 = "none (teacher)", "magnitude_pruning sparsity=0.4", "dynamic_quantization bits=8"


def replayed(source: str, target: str, attack: str, **changes: object) -> list[TransferRecord]:
    """What an attack has found against one victim, on another: first those it gets wrong, then those that fool it."""
    wrong, fooled = FOOLED[source, target]
    of_source = synthetic.columns(source, "")
    rows = []
    for i in range(FOUND[source]):
        applies = i >= wrong
        values = synthetic.columns(target, f"transfer-{attack}-v1-{source}-{target}") | {
            "source": of_source["student"],
            "source_teacher": of_source["teacher"],
            **{f"source_{name}": of_source[name] for name in ("model", "model_params")},
            **{f"source_{name}": of_source[name] for name in ("compression", "compression_params")},
            "found_by": f"attack-{attack}-v1-{source}",
            "attack": attack,
            "attack_params": synthetic.ATTACKS[attack],
            "uid": f"example-{i:02d}",
            "label": 1,
            "applies": applies,
            "prediction": int(applies),
            "confidence": 0.75 if applies else 0.25,
            "adversarial_prediction": 0,
            "adversarial_confidence": 0.25,
            "transferred": i < wrong + fooled if applies else None,
        }
        rows.append(TransferRecord(**values | changes))
    return rows


def store_of(folder: Path, attacks: tuple[str, ...] = ("alert", "mhm"), **changes: object) -> Store:
    """The small store, in which these attacks were replayed."""
    tables: dict[Ref, list[Record]] = synthetic.tables()
    for attack in attacks:
        for source, target in FOOLED:
            rows = replayed(source, target, attack, **changes)
            tables[Ref(rows[0].key, TransferRecord.table)] = [*rows]
    return synthetic.write(folder, tables)


@pytest.fixture(scope="module")
def transfers(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return load(store_of(tmp_path_factory.mktemp("transfer")).uri).transfers


def test_the_rate_is_a_share_of_the_examples_that_the_target_gets_right(transfers: pd.DataFrame) -> None:
    table = matrix(transfers)
    cell = only(table, source_name=TEACHER, compression_name=PRUNED, attack_name="alert")
    assert (cell.replayed, cell.already_wrong, cell.n, cell.rate) == (8, 2, 6, 3 / 6)
    assert (cell.rate_low, cell.rate_high) == pytest.approx(wilson_interval(3, 6))
    lost = only(table, source_name=TEACHER, compression_name=INT8, attack_name="mhm")
    assert (lost.replayed, lost.already_wrong, lost.n) == (8, 8, 0)
    assert pd.isna([lost.rate, lost.rate_low, lost.rate_high]).all()


def test_on_the_diagonal_is_what_was_found(transfers: pd.DataFrame) -> None:
    table = matrix(transfers)
    own = table[(table["source_name"] == table["compression_name"]) & (table["replayed"] > 0)]
    assert set(own["compression_name"]) == {TEACHER, PRUNED}
    assert (own["rate"] == 1.0).all()


def test_pooled_are_all_attacks_and_an_example_in_both_counts_as_one_in_the_interval(transfers: pd.DataFrame) -> None:
    table = matrix(transfers)
    assert list(table["attack_name"].unique()) == [POOLED, "alert", "mhm"]
    cell = only(table, source_name=PRUNED, compression_name=INT8, attack_name=POOLED)
    assert (cell.replayed, cell.n, cell.rate) == (12, 12, 0.5)
    low, high = wilson_interval(6, 12) or (0, 0)
    assert cell.rate_high - cell.rate_low > high - low
    one = matrix(transfers, "attack == 'alert'")
    assert list(one["attack_name"].unique()) == ["alert"]


def test_of_a_victim_against_which_nothing_was_found_the_matrix_says_nothing(transfers: pd.DataFrame) -> None:
    table = matrix(transfers)
    assert len(table) == 3 * len(VICTIMS) ** 2
    silent = table[table["source_name"] == INT8]
    assert (silent[["replayed", "already_wrong", "n"]] == 0).all(axis=None)
    assert silent[["rate", "rate_low", "rate_high"]].isna().all(axis=None)
    _, cells = next(by_attack(table))
    (line,) = (line for line in as_text(*wide(cells)).splitlines() if INT8 in line)
    assert line.split() == ["2", *INT8.split(), "0", "–", "–", "–"]


def test_rows_and_columns_stand_in_the_same_order_teachers_first(transfers: pd.DataFrame) -> None:
    for _, cells in by_attack(matrix(transfers)):
        assert list(cells["source_name"].unique()) == list(cells["compression_name"].unique())
        assert cells["source_name"].iloc[0] == TEACHER
        frame, columns = wide(cells)
        numbered = [f"{i} {name}" for i, name in enumerate(cells["compression_name"].unique(), start=1)]
        assert list(frame["source_name"]) == numbered
        assert [column.heading for column in columns[2:]] == ["on 1", "on 2", "on 3"]


def test_the_two_directions(transfers: pd.DataFrame) -> None:
    table = directions(transfers)
    row = only(table, compression_name=PRUNED, attack_name="alert")
    assert (row.up_n, row.up, row.down_n, row.down) == (5, 1 / 5, 6, 3 / 6)
    assert row.difference == pytest.approx(3 / 6 - 1 / 5)
    assert row.difference_low < row.difference < row.difference_high
    assert (row.up_low, row.up_high) == pytest.approx(wilson_interval(1, 5))
    pooled = only(table, compression_name=PRUNED, attack_name=POOLED)
    assert (pooled.up_n, pooled.down_n, pooled.difference) == (10, 12, pytest.approx(0.3))
    half = only(table, compression_name=INT8, attack_name="alert")
    assert (half.up_n, half.down_n) == (0, 0)
    assert pd.isna([half.up, half.down, half.difference, half.difference_low]).all()
    assert TEACHER not in set(table["compression_name"])


def test_victims_of_another_model_bring_its_name_and_are_no_family(tmp_path: Path) -> None:
    changes = {"source_model": "large", "source_teacher": "finetune-large-v1-ffff"}
    transfers = load(store_of(tmp_path, ("alert",), **changes).uri).transfers
    table = matrix(transfers)
    assert list(table["source_name"].unique())[len(VICTIMS) :] == [f"large: {TEACHER}", f"large: {PRUNED}"]
    own = table[table["source_model_name"] == "tiny"]
    assert (own["replayed"] == 0).all()
    assert directions(transfers).empty


def test_where_nothing_was_replayed_there_is_no_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = store_of(tmp_path, ())
    transfers = load(store.uri).transfers
    assert matrix(transfers).empty
    assert directions(transfers).empty
    assert transfer.main(["--store", store.uri, "--out", str(tmp_path / "out")]) == 0
    assert "nothing was replayed" in capsys.readouterr().out


def test_the_heat_map_has_a_number_in_every_tile(transfers: pd.DataFrame) -> None:
    table = matrix(transfers)
    chart = draw(table).to_dict()
    tiles, numbers = chart["layer"]
    assert (tiles["mark"]["type"], numbers["mark"]["type"]) == ("rect", "text")
    assert {row["rate"] for row in chart["data"]["values"]} >= {0.5, 1.0, None}
    many = pd.concat([table.assign(compression_name=f"setting {i}") for i in range(200)])
    assert len(many) > 5000
    assert len(draw(many).to_dict()["layer"]) == 1, "no room for numbers"


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, out = store_of(tmp_path / "store"), tmp_path / "out"
    command = ["--store", store.uri, "--sweep", "small", "--where", "attack == 'alert'", "--out", str(out)]
    assert transfer.main(command) == 0
    said = capsys.readouterr().out
    assert "transfer rate, tiny on defect_detection, alert" in said
    assert "1 of " in said, "what is missing is said"
    assert "student → teacher" in said
    written = {path.name for path in out.iterdir()}
    assert written == {
        *("transfer.csv", "transfer.tex", "transfer-directions.csv", "transfer-directions.tex"),
        *("transfer-tiny-on-defect-detection-alert.svg", "transfer-tiny-on-defect-detection-alert.tex"),
    }
    assert "50%" in (out / "transfer-tiny-on-defect-detection-alert.svg").read_text()
    assert len(pd.read_csv(out / "transfer.csv")) == len(VICTIMS) ** 2
    assert transfer.main([*command[:4], "--where", "no such"]) == 2


def test_a_sweep_half_done_says_so(tmp_path: Path) -> None:
    assert gaps(matrix(load(store_of(tmp_path).uri, "small").transfers)) != ""
