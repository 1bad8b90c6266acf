"""Tests of students against their teacher, on counts dealt by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis import significance
from analysis.load import load
from analysis.statistics import wilcoxon
from tests.analysis.synthetic import only


@pytest.fixture(scope="module")
def attacks(store: Path) -> pd.DataFrame:
    return load(str(store)).attacks


@pytest.fixture(scope="module")
def table(attacks: pd.DataFrame) -> pd.DataFrame:
    return significance.significance(attacks)


def test_all_examples_are_paired_for_robust_accuracy(table: pd.DataFrame) -> None:
    pruned = only(table, compression="magnitude_pruning", attack="alert")  # stands no more on 7 of 30, and on none anew
    assert pruned.examples == 30
    assert (pruned.teacher_robust, pruned.student_robust) == pytest.approx((19 / 30, 12 / 30))
    assert pruned.robust_change == pytest.approx(-7 / 30)
    assert pruned.robust_change_low < pruned.robust_change < pruned.robust_change_high < 0
    assert pruned.robust_p == pytest.approx(2 * 0.5**7)


def test_only_what_both_had_right_tells_who_is_fooled_more_often(table: pd.DataFrame) -> None:
    pruned = only(table, compression="magnitude_pruning", attack="alert")  # 12 of 23 fooled, of which the teacher 6
    assert pruned.both == 23
    assert pruned.fooled_change == pytest.approx(6 / 23)
    assert pruned.fooled_p == pytest.approx(2 * 0.5**6)


def test_fewer_queries_are_a_negative_effect(table: pd.DataFrame) -> None:
    pruned = only(table, compression="magnitude_pruning", attack="alert")
    assert pruned.delta < 0
    assert pruned.size == "small"


def test_a_family_is_all_students_and_attacks(table: pd.DataFrame) -> None:
    assert len(table) == 4  # two students under two attacks
    pruned = only(table, compression="magnitude_pruning", attack="alert")
    assert pruned.robust_p_holm == pytest.approx(4 * pruned.robust_p)
    assert significance.family(table, "robust") == "0 of 4 tests below 0.05 after Holm's correction over the 4"


def test_a_narrower_question_is_a_smaller_family(attacks: pd.DataFrame) -> None:
    found = significance.significance(attacks, "attack == 'alert' and compression == 'magnitude_pruning'")
    assert found["robust_p_holm"].tolist() == found["robust_p"].tolist()
    assert significance.family(found, "robust").startswith("1 of 1 tests")


def test_the_teacher_is_not_compared_with_itself(table: pd.DataFrame) -> None:
    assert "none" not in set(table["compression"])


def test_seeds_are_no_further_examples(attacks: pd.DataFrame) -> None:
    one = attacks[attacks["attack"] == "alert"]
    three = pd.concat([one.assign(seed=seed) for seed in range(3)], ignore_index=True)
    found = only(significance.significance(three), compression="magnitude_pruning")
    assert (found.seeds, found.examples) == (3, 30)
    assert found.robust_change == pytest.approx(-7 / 30)
    assert found.robust_p == wilcoxon([1.0] * 7 + [0.0] * 23, [0.0] * 30).p_value


def test_nothing_to_compare_is_an_empty_table(attacks: pd.DataFrame) -> None:
    assert significance.significance(attacks, "compression == 'none'").empty
    assert significance.significance(attacks[attacks["verdict"] == "ERROR"]).empty


def test_an_attack_that_nothing_was_left_of_has_no_p_value(attacks: pd.DataFrame) -> None:
    wrong = attacks[attacks["verdict"] == "SKIPPED_MISPREDICTED"]
    found = only(significance.significance(wrong), compression="magnitude_pruning", attack="alert")
    assert found.both == 0
    assert pd.isna(found.fooled_p)
    assert pd.isna(found.fooled_p_holm)


def test_the_command_prints_and_writes(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert significance.main(["--store", str(store), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "p (Holm)" in printed
    assert "robust: 0 of 4 tests below 0.05" in printed
    assert {path.name for path in tmp_path.iterdir()} >= {"change.csv", "change.tex", "queries.csv", "queries.tex"}
    assert significance.main(["--store", str(store), "--where", "compression == 'none'"]) == 0
    assert "no such rows" in capsys.readouterr().out
