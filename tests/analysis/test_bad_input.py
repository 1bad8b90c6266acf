"""Studies that are not as one would have them: honest tables, never a crash, and never a zero for what is not known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis import curves, fidelity, pareto, ranking, robustness, significance, validity
from analysis.load import TEXTS, load, with_texts
from analysis.operations import names_in
from robust_ray.core.records import Verdict
from tests.analysis.synthetic import attack, only, run, tables, write

COMMANDS = (curves, fidelity, pareto, ranking, robustness, significance)
MISSING = "1 of 15 calls missing"


@pytest.fixture(scope="module")
def half_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of which one call is still to come."""
    folder = tmp_path_factory.mktemp("half")
    write(folder, tables(), [run("attack-alert-v1-none")])
    return folder


@pytest.mark.parametrize("question", COMMANDS, ids=lambda module: module.__name__)
def test_every_table_and_every_figure_says_what_is_missing(
    question: object, half_done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = question.main  # type: ignore[attr-defined]
    assert main(["--store", str(half_done), "--sweep", "small", "--out", str(tmp_path)]) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    headings = [before for before, after in pairwise(blocks) if "───" in after]
    assert headings
    assert all(MISSING in heading for heading in headings)
    figures = [path for path in tmp_path.iterdir() if path.suffix in (".svg", ".html", ".tex")]
    assert all(MISSING in path.read_text() for path in figures)
    assert main(["--store", str(half_done), "--sweep", "small", "--where", "seed == 7"]) == 0
    assert MISSING in capsys.readouterr().out
    assert main(["--store", str(half_done)]) == 0
    assert "missing" not in capsys.readouterr().out


def test_a_damaged_file_is_told_of_on_every_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, tables())
    (tmp_path / "tables" / "attacks" / "attack-mhm-v1-none.parquet").write_bytes(b"PAR1")
    assert robustness.main(["--store", str(tmp_path)]) == 0
    assert "robustness, tiny on defect_detection (unreadable files left out: 1)" in capsys.readouterr().out


def all_of(verdict: Verdict) -> Callable[[Path], pd.DataFrame]:
    """Attack rows of a study in which every attack ends the same."""

    def rows(folder: Path) -> pd.DataFrame:
        found = tables()
        for ref, recorded in found.items():
            if ref.table == "attacks":
                _, recipe, _, compression = ref.key.split("-", 3)
                unknown = {"prediction": None, "confidence": None} if verdict == Verdict.ERROR else {}
                found[ref] = [attack(compression, recipe, i, verdict, **unknown) for i in range(len(recorded))]
        write(folder, found)
        return load(str(folder)).attacks

    return rows


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.SKIPPED_NO_TARGET, Verdict.SKIPPED_MISPREDICTED])
def test_nothing_attempted_is_not_measured(verdict: Verdict, tmp_path: Path) -> None:
    attacks = all_of(verdict)(tmp_path)
    table = robustness.robustness(attacks)
    unknown = [
        "asr",
        "asr_low",
        "raw_asr",
        "amq",
        "amq_of_attempts",
        "median_queries",
        "icr",
        "tcr",
        "aed",
        "valid_share",
    ]
    assert len(table) == 6
    assert table[unknown].isna().all(axis=None)
    assert table["robust_accuracy"].isna().all() == (verdict == Verdict.ERROR)
    assert curves.curves(attacks)[["asr_10", "half", "budget"]].isna().all(axis=None)
    tested = significance.significance(attacks)
    assert (
        tested.empty
        if verdict == Verdict.ERROR
        else tested[["fooled_change", "fooled_p", "delta"]].isna().all(axis=None)
    )
    assert fidelity.drops(attacks).empty == (verdict == Verdict.ERROR)
    for question in COMMANDS:
        assert question.main(["--store", str(tmp_path), "--out", str(tmp_path / "out")]) == 0


def test_no_success_is_a_zero_with_an_interval_and_nothing_is_said_of_successes(tmp_path: Path) -> None:
    attacks = all_of(Verdict.FAILED)(tmp_path)
    table = robustness.robustness(attacks)
    assert (table["asr"] == 0).all()
    assert table["asr_high"].between(0.05, 0.2).all()
    assert table[["amq", "amq_low", "aed", "acs_high", "valid_share"]].isna().all(axis=None)
    curve = curves.curves(attacks)
    assert (curve["asr_100"] == 0).all()
    assert curve["half"].isna().all()


def test_rows_of_an_earlier_version_do_not_say_what_it_did_not_measure(tmp_path: Path) -> None:
    write(tmp_path, tables())
    for path in (tmp_path / "tables" / "attacks").glob("attack-alert-*"):
        rows = pq.read_table(path)
        pq.write_table(rows.drop_columns(["won_at", "name_distance", "tokens_changed", "note"]), path)
    attacks = load(str(tmp_path)).attacks
    table, curve = robustness.robustness(attacks), curves.curves(attacks)
    older, newer = (only(table, compression="magnitude_pruning", attack=name) for name in ("alert", "mhm"))
    assert pd.isna([older.tcr, older.tcr_low]).all()
    assert (older.asr, newer.tcr) == pytest.approx((12 / 23, 6 * 2 / (23 * 20)))
    changed = validity.validity(attacks)
    older, newer = (only(changed, compression="magnitude_pruning", attack=name) for name in ("alert", "mhm"))
    assert pd.isna([older.name_distance, older.tcr_of_successes, older.tcr_of_successes_high]).all()
    assert newer.name_distance == pytest.approx(0.5)
    assert pd.isna(only(curve, compression="magnitude_pruning", attack="alert").asr_20)
    assert only(curve, compression="magnitude_pruning", attack="mhm").asr_20 > 0


def test_evaluations_alone_are_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {ref: rows for ref, rows in tables().items() if ref.table == "evaluations"})
    for question in COMMANDS:
        assert question.main(["--store", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("no such rows") >= len(COMMANDS)


def test_texts_are_read_for_the_rows_that_are_shown_and_for_conditions_on_them(store: Path) -> None:
    rows = load(str(store))
    assert not set(TEXTS) & set(rows.attacks)
    picked = rows.attacks[rows.attacks["verdict"] == "SUCCEEDED"].iloc[[3, 0]]
    shown = with_texts(rows, picked)
    assert list(shown.index) == list(picked.index)
    assert shown["adversarial"].str.contains("n_bytes").all()
    assert shown["curve_queries"].map(list).tolist() == [[5, 10], [5, 10]]
    assert robustness.main(["--store", str(store), "--where", "adversarial.str.contains('n_bytes') == True"]) == 0
    assert names_in("renames != '{}' and queries > 5") == {"renames", "queries"}
    assert names_in("queries >") == names_in(None) == set()
