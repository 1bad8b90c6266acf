"""Ranks of compressions over conditions, on robust accuracies that are dealt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import ranking
from analysis.load import load
from analysis.statistics import friedman
from robust_ray.core.records import Verdict


def rows(stand: dict[str, list[float]], seeds: int = 1) -> pd.DataFrame:
    """Attack rows of ten examples a condition, of which a given share stands."""
    found = [
        {
            "model_name": "tiny",
            "task_name": f"task {condition}",
            "attack_name": "alert",
            "compression_name": name,
            "seed": seed,
            "verdict": (Verdict.FAILED if example < round(10 * share) else Verdict.SUCCEEDED).value,
        }
        for name, shares in stand.items()
        for condition, share in enumerate(shares)
        for seed in range(seeds)
        for example in range(10)
    ]
    return pd.DataFrame(found)


APART = {
    "none (teacher)": [0.9, 0.8, 0.9, 0.8, 0.9, 0.8, 0.9, 0.8],
    "pruned": [0.7, 0.6, 0.8, 0.7, 0.7, 0.7, 0.6, 0.7],
    "tiny": [0.1, 0.2, 0.1, 0.2, 0.3, 0.2, 0.1, 0.0],
}


def test_settings_are_ranked_and_told_apart() -> None:
    found = ranking.ranking(rows(APART))
    assert list(found.table["compression_name"]) == ["none (teacher)", "pruned", "tiny"]
    assert list(found.table["mean_rank"]) == [1.0, 2.0, 3.0]
    assert list(found.table["wins"]) == [8, 0, 0]
    assert found.groups == []  # eight conditions: 2 / 2**8, three times Holm, is below the level
    assert found.test.p_value == friedman(np.array(list(APART.values())).T).p_value
    assert found.wilcoxon.loc["none (teacher)", "tiny"] == pytest.approx(3 * 2 / 2**8)
    assert "3 settings over 8 conditions differ" in ranking.verdict(found)


def test_two_conditions_tell_nobody_apart() -> None:
    found = ranking.ranking(rows({name: shares[:2] for name, shares in APART.items()}))
    assert found.groups == [(0, 1, 2)]
    assert list(found.table["groups"]) == ["a", "a", "a"]


def test_seeds_are_no_conditions() -> None:
    assert ranking.ranking(rows(APART, seeds=3)).test.conditions == 8


def test_a_condition_that_lacks_a_setting_is_left_out() -> None:
    lacking = rows(APART)
    lacking = lacking[~((lacking["compression_name"] == "tiny") & (lacking["task_name"] == "task 0"))]
    assert ranking.ranking(lacking).test.conditions == 7


def test_a_setting_attacked_on_fewer_examples_is_left_out_and_told_of() -> None:
    """The half that was attacked of a stopped proposal is its better half."""
    all_rows = rows(APART | {"stopped": [0.5] * 8})
    stands = all_rows["verdict"] == Verdict.FAILED
    found = ranking.ranking(all_rows[(all_rows["compression_name"] != "stopped") | stands])
    assert list(found.table["compression_name"]) == ["none (teacher)", "pruned", "tiny"]
    assert found.left_out == ("stopped",)
    assert "3 settings over 8 conditions (left out: 1 attacked on fewer examples) differ" in ranking.verdict(found)


def test_one_condition_ranks_nothing() -> None:
    found = ranking.ranking(rows({name: shares[:1] for name, shares in APART.items()}))
    assert found.table["mean_rank"].isna().all()
    assert "too few to test" in ranking.verdict(found)


def test_the_command_prints_and_writes(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ranking.main(["--store", str(store), "--out", str(tmp_path)]) == 0
    assert "settings over 2 conditions" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        *("ranking.csv", "ranking.tex", "ranking.svg", "ranking-wilcoxon.csv", "ranking-nemenyi.csv")
    }
    assert ranking.main(["--store", str(store), "--where", "attack == 'nothing'"]) == 0
    assert "no such rows" in capsys.readouterr().out


def test_the_diagram_has_a_dot_for_each_setting(store: Path) -> None:
    found = ranking.ranking(load(str(store)).attacks)
    drawn = ranking.draw(found).to_dict()
    assert sorted(len(data) for data in drawn["datasets"].values()) == [3, 3]
