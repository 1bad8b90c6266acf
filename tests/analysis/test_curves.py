"""Success rates by query budget, read off counts dealt by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis import curves
from analysis.load import load
from robust_ray.metrics import wilson_interval
from tests.analysis.synthetic import only


@pytest.fixture(scope="module")
def attacks(store: Path) -> pd.DataFrame:
    return load(str(store)).attacks


@pytest.fixture(scope="module")
def table(attacks: pd.DataFrame) -> pd.DataFrame:
    return curves.curves(attacks)


def test_a_budget_has_won_what_took_no_more_queries(table: pd.DataFrame) -> None:
    pruned = only(table, compression="magnitude_pruning", attack="alert")  # example i of 12 won at query 10 + i, of 23
    assert pruned.asr_5 == 0
    assert pruned.asr_10 == pytest.approx(1 / 23)
    assert pruned.asr_20 == pytest.approx(11 / 23)
    assert pruned.asr_100 == pytest.approx(12 / 23)
    assert (pruned.asr_20_low, pruned.asr_20_high) == wilson_interval(11, 23)


def test_past_the_attacks_budget_nothing_is_known(table: pd.DataFrame) -> None:
    assert table["budget"].eq(100).all()
    assert table["asr_200"].isna().all()
    assert table["asr_200_low"].isna().all()


def test_half_have_fallen_by(table: pd.DataFrame) -> None:
    assert only(table, compression="magnitude_pruning", attack="alert").half == 21  # the twelfth of 23
    assert pd.isna(only(table, compression="none", attack="alert").half)  # 6 of 24


def test_without_a_budget_a_curve_ends_with_the_longest_attack(attacks: pd.DataFrame) -> None:
    free = curves.curves(attacks.assign(query_budget=None))
    assert only(free, compression="none", attack="alert").budget == 100


def test_nothing_attempted_is_not_measured(attacks: pd.DataFrame) -> None:
    wrong = curves.curves(attacks[attacks["verdict"] == "SKIPPED_MISPREDICTED"])
    assert wrong[[f"asr_{budget}" for budget in curves.BUDGETS]].isna().all(axis=None)
    assert curves.points(wrong).empty


def test_points_are_those_of_the_table(table: pd.DataFrame) -> None:
    points = curves.points(table)
    assert len(points) == len(table) * sum(budget <= 100 for budget in curves.BUDGETS)
    assert points["asr"].between(points["asr_low"], points["asr_high"]).all()


def test_the_command_prints_and_writes(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert curves.main(["--store", str(store), "--out", str(tmp_path)]) == 0
    assert "half by" in capsys.readouterr().out
    assert (tmp_path / "curves-tiny-on-defect-detection-none-teacher.svg").exists()
    assert (tmp_path / "curves.csv").exists()
    assert curves.main(["--store", str(store), "--where", "attack == 'nothing'"]) == 0
    assert "no such rows" in capsys.readouterr().out
