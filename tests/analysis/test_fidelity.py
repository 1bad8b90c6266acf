"""Fidelity: violations, calibration and the relative drop, against counts dealt by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import fidelity
from analysis.load import load
from robust_ray.metrics import wilson_interval
from tests.analysis.synthetic import only


def test_violations_count_only_where_the_relation_applies(store: Path) -> None:
    found = fidelity.violations(load(str(store)).fidelity)
    pruned = found[found["compression"] == "magnitude_pruning"]
    everywhere = only(pruned, input_name="clean", relation="prediction_agreement")
    assert (everywhere.applies, everywhere.violated) == (30, pytest.approx(6 / 30))
    assert (everywhere.violated_low, everywhere.violated_high) == wilson_interval(6, 30)
    confident = only(
        pruned, input_name="clean", relation="high_confidence"
    )  # every other input: 0, 2, 4 of the first 6
    assert (confident.n, confident.applies, confident.violated) == (30, 15, pytest.approx(3 / 15))
    transferred = only(pruned, input_name="perturbed by alert, for teacher", relation="prediction_agreement")
    assert transferred.violated == pytest.approx(3 / 6)
    assert (found.loc[found["compression"] == "dynamic_quantization", "violated"] == 0).all()


def test_calibration_counts_every_input_once(store: Path) -> None:
    found = fidelity.calibration(load(str(store)).fidelity)
    pruned = only(found, compression="magnitude_pruning", input_name="clean")  # confidence .75, right on 24 of 30
    assert pruned.n == 30
    assert pruned.agreement == pytest.approx(24 / 30)
    assert pruned.teacher_ece == pytest.approx(0.05)
    assert pruned.student_ece == pytest.approx(0.05)
    quantized = only(found, compression="dynamic_quantization", input_name="clean")
    assert quantized.calibration_gap == pytest.approx(0.25 - 0.05)


def test_the_relative_drop(store: Path) -> None:
    found = fidelity.drops(load(str(store)).attacks)
    pruned = only(found, compression="magnitude_pruning", attack="alert")  # teacher 25 → 19 of 30, student 24 → 12
    assert pruned.teacher_drop == pytest.approx(-6 / 30)
    assert pruned.student_drop == pytest.approx(-12 / 30)
    assert pruned.relative_drop == pytest.approx(100)
    assert "none" not in set(found["compression"])


def test_the_command_prints_three_tables_and_writes_them(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fidelity.main(["--store", str(store), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert all(title in printed for title in ("violated relations", "calibration", "loss under attack"))
    written = {path.name for path in tmp_path.iterdir()}
    assert {"violated-relations.csv", "calibration.tex", "loss-under-attack.csv"} <= written
    assert "violations-tiny-on-defect-detection-clean.svg" in written
