"""The robustness table, against counts dealt by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis import robustness
from analysis.load import load
from analysis.operations import mean_interval, prepare, share_interval, worst_of_attacks
from robust_ray.core.records import Verdict
from robust_ray.metrics import wilson_interval
from tests.analysis.synthetic import attack, only

VERDICTS = {
    "alert": (Verdict.FAILED, Verdict.ERROR, Verdict.SKIPPED_MISPREDICTED),
    "mhm": (Verdict.SUCCEEDED, Verdict.FAILED, Verdict.SKIPPED_MISPREDICTED),
}


@pytest.fixture(scope="module")
def table(store: Path) -> pd.DataFrame:
    return robustness.robustness(load(str(store)).attacks)


def test_the_teacher_comes_first(table: pd.DataFrame) -> None:
    assert list(table["compression"].unique()) == ["none", "dynamic_quantization", "magnitude_pruning"]


def test_rates_are_those_of_the_counts(table: pd.DataFrame) -> None:
    pruned = only(
        table, compression="magnitude_pruning", attack="alert"
    )  # 12 succeeded, 11 failed, 6 already wrong, 1 nothing to change
    assert (pruned.n, pruned.attempted, pruned.succeeded, pruned.errors) == (30, 23, 12, 0)
    assert pruned.asr == pytest.approx(12 / 23)
    assert (pruned.asr_low, pruned.asr_high) == wilson_interval(12, 23)
    assert pruned.robust_accuracy == pytest.approx(12 / 30)
    assert pruned.clean_accuracy == pytest.approx(24 / 30)


def test_the_drop_is_paired_with_the_teacher(table: pd.DataFrame) -> None:
    pruned = only(table, compression="magnitude_pruning", attack="alert")  # the teacher keeps 19 of 30, the student 12
    assert pruned.pairs == 30
    assert pruned.drop == pytest.approx(-7 / 30)
    assert pruned.drop_low < pruned.drop < pruned.drop_high < 0
    assert pd.isna(only(table, compression="none", attack="alert").drop)


def test_examples_that_broke_count_nowhere(table: pd.DataFrame) -> None:
    quantized = only(
        table, compression="dynamic_quantization", attack="mhm"
    )  # 4 succeeded, 19 failed, 5 wrong, 1 nothing, 1 broke
    assert (quantized.n, quantized.errors, quantized.pairs) == (29, 1, 29)
    assert quantized.robust_accuracy == pytest.approx(20 / 29)
    assert quantized.drop == pytest.approx((20 - 21) / 29)


def test_queries_changes_and_claims(table: pd.DataFrame) -> None:
    teacher = only(table, compression="none", attack="alert")  # successes took 10 … 15 queries, failures 100 each
    assert teacher.amq == pytest.approx(12.5)
    assert teacher.median_queries == 100
    assert teacher.icr == pytest.approx(6 * 1 / (24 * 2))
    assert teacher.tcr == pytest.approx(6 * 2 / (24 * 20))
    assert teacher.aed == 12
    assert teacher.acs is None or pd.isna(teacher.acs)
    assert teacher.valid_share == pytest.approx(6 / 7)


def test_a_condition_narrows_rows_but_not_the_teacher_they_are_compared_with(store: Path) -> None:
    narrowed = robustness.robustness(load(str(store)).attacks, "compression == 'magnitude_pruning' and attack == 'mhm'")
    assert len(narrowed) == 1
    assert narrowed["drop"].iloc[0] == pytest.approx(-4 / 30)


def test_several_seeds_of_one_example_are_one_cluster() -> None:
    hits = [True, True, False, False]
    assert share_interval(hits, ["a", "b", "c", "d"]) == wilson_interval(2, 4)
    assert share_interval(hits, ["a", "a", "c", "c"]) == mean_interval(hits, ["a", "a", "c", "c"]) == (0.0, 1.0)
    assert share_interval([], []) == (None, None)


def test_what_never_happened_in_any_seed_is_not_known_for_sure() -> None:
    assert share_interval([False] * 4, ["a", "a", "c", "c"]) == wilson_interval(0, 2)
    assert share_interval([True] * 4, ["a", "a", "c", "c"]) == wilson_interval(2, 2)


def test_the_worst_of_all_attacks_needs_all_attacks() -> None:
    rows = [
        attack("none", recipe, i, verdict) for recipe in ("alert", "mhm") for i, verdict in enumerate(VERDICTS[recipe])
    ]
    rows += [attack("magnitude_pruning", "alert", 0, Verdict.FAILED)]
    rows += [attack("none", "alert", 20, Verdict.FAILED)]  # the shard of mhm that holds it is not there yet
    frame = pd.DataFrame([vars(r) for r in rows]).assign(
        model_name="tiny", task_name="t", attack_name=lambda f: f["attack"]
    )
    worst = prepare(frame, worst_of_attacks()).sort_values("uid")
    assert set(worst["compression"]) == {"none"}
    assert list(worst["verdict"]) == ["SUCCEEDED", "FAILED", "SKIPPED_MISPREDICTED"]


def test_out_holds_csv_latex_and_a_figure(
    store: Path, table: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert robustness.main(["--store", str(store), "--out", str(tmp_path)]) == 0
    written = pd.read_csv(tmp_path / "robustness.csv")
    assert list(written) == list(table)
    assert list(written["asr"]) == pytest.approx(list(table["asr"]))
    latex = (tmp_path / "robustness.tex").read_text()
    assert r"magnitude\_pruning sparsity=0.4 & alert & 30" in latex
    assert (tmp_path / "asr-tiny-on-defect-detection.svg").read_text().startswith("<svg")
    assert "52.2\N{NO-BREAK SPACE}% [33.0, 70.8]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--store", "nowhere"], "a store must lie there"),
        (["--store", "{store}", "--sweep", "smal"], "did you mean 'small'"),
        (["--store", "{store}", "--where", "attak == 'mhm'"], "--where .* a condition on the columns"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert robustness.main([argument.format(store=store) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert pd.Series([printed.err]).str.contains(sentence).all()


def test_no_rows_is_said(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert robustness.main(["--store", str(store), "--where", "seed == 7"]) == 0
    assert "no such rows" in capsys.readouterr().out
