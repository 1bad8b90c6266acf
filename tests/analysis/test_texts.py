"""A task that asks for texts: BLEU stands where accuracy stood, and what needs classes is left out, not zero."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import costs, fidelity, pareto, report, robustness
from analysis.load import Rows, load
from robust_ray.core.call import Ref
from robust_ray.core.records import AttackRecord, DatasetRecord, EvaluationRecord, Record, Verdict
from tests.analysis.synthetic import only, tables, write

NO_CLASSES: dict[str, Any] = dict.fromkeys(("accuracy", "precision", "recall", "f1", "mcc", "unigram_accuracy"))


def written(row: Record) -> Record:
    """The same row, had the task asked for summaries."""
    if isinstance(row, EvaluationRecord):
        return replace(row, task="summarization", bleu=0.25, corpus_bleu=0.2, **NO_CLASSES)
    if isinstance(row, AttackRecord):
        won = row.verdict == Verdict.SUCCEEDED
        changes: dict[str, Any] = {
            "confidence": 0.4,
            "adversarial_confidence": 0.0 if won else 0.2,
            "context": ("Copies bytes.",),
        }
        return replace(row, task="summarization", label=0, prediction=None, adversarial_prediction=None, **changes)
    if isinstance(row, DatasetRecord):
        no_classes: dict[str, Any] = {"labels": (), "label_counts": (), "conflicting": None}
        return replace(row, task="summarization", reference_words_p50=9, **no_classes)
    raise AssertionError(row)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small store's evaluations and attacks, of summaries."""
    folder = tmp_path_factory.mktemp("texts") / "store"
    rows: dict[Ref, list[Record]] = {
        ref: [written(row) for row in found] for ref, found in tables().items() if ref.table != "fidelity"
    }
    write(folder, rows)
    return folder


@pytest.fixture(scope="module")
def rows(store: Path) -> Rows:
    return load(str(store))


def test_quality_is_bleu(rows: Rows) -> None:
    table = costs.costs(rows.evaluations)
    assert (table["bleu"] == 0.25).all()
    assert table[["accuracy", "accuracy_low", "accuracy_high"]].isna().all(axis=None)
    assert (pareto.points(rows)["clean_accuracy"] == 0.25).all()


def test_what_is_left_of_the_bleu(rows: Rows) -> None:
    table = robustness.robustness(rows.attacks)
    pruned = only(table, compression="magnitude_pruning", attack="alert")  # 12 of 30 succeeded
    assert pd.isna(pruned.clean_accuracy)
    assert pruned.bleu == pytest.approx(0.4)
    assert pruned.attacked_bleu == pytest.approx(18 * 0.2 / 30)
    assert pruned.asr == pytest.approx(12 / 23)


def test_no_drop_of_an_accuracy_that_is_none(rows: Rows) -> None:
    assert fidelity.drops(rows.attacks).empty


def test_the_report_says_so_in_words(store: Path, tmp_path: Path) -> None:
    assert report.main(["--store", str(store), "--out", str(tmp_path / "report.html")]) in (0, None)
    page = (tmp_path / "report.html").read_text()
    assert "summaries reach a BLEU of 25" in page
    assert "which should say “Copies bytes.”" in page
