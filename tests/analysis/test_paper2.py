"""Paper 2's page over studies in which each claim is made true, false, open, or was not measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis import fidelity, paper2
from analysis.load import Rows, load
from analysis.papers.findings import Judged, Ruling, judge
from analysis.papers.likeness import largest_drop, pairs
from robust_ray.metrics import wilson_interval
from tests.analysis.studies import attacks, compared, rows, stored
from tests.analysis.synthetic import STUDENTS

SWEEPS = Path(__file__).resolve().parents[2] / "sweeps"

ROBUST = "w" * 10 + "l" * 50
WEAK = "w" * 40 + "l" * 20


def ask(found: Rows) -> dict[str, Judged]:
    return {each.finding.id: each for each in judge(paper2.FINDINGS, pairs(found))}


def rulings(found: Rows, *ids: str) -> list[Ruling]:
    judged = ask(found)
    return [judged[name].ruling for name in ids]


def test_losing_more_under_attack(tmp_path: Path) -> None:
    true = rows(tmp_path / "true", attacks("none", ROBUST), attacks("morph", WEAK))
    assert rulings(true, "drop-all", "drop-morph", "drop-avatar") == [Ruling.SUPPORTED] * 2 + [Ruling.NOT_MEASURED]
    assert ask(true)["drop-avatar"].sentence == "Not measured: no attack on students of AVATAR."
    false = rows(tmp_path / "false", attacks("none", WEAK), attacks("morph", ROBUST))
    assert rulings(false, "drop-all") == [Ruling.CONTRADICTED]
    unclear = rows(tmp_path / "open", attacks("none", ROBUST), attacks("morph", "w" * 12 + "l" * 48))
    assert rulings(unclear, "drop-all") == [Ruling.NOT_SETTLED]


def test_what_is_not_distilled_is_no_student_of_the_paper(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("none", ROBUST), attacks("magnitude_pruning", WEAK))
    assert rulings(found, "drop-all", "up-to-285") == [Ruling.NOT_MEASURED] * 2


def test_the_largest_drop(tmp_path: Path) -> None:
    """A teacher that loses 10 of 100; students that lose 90, and 11."""
    parts = [attacks("none", "w" * 10 + "l" * 90), attacks("morph", "w" * 90 + "l" * 10)]
    true = rows(tmp_path / "true", *parts, attacks("avatar", "w" * 11 + "l" * 89))
    found = ask(true)["up-to-285"]
    assert found.evidence.effect == pytest.approx(800)
    assert found.evidence.effect == pytest.approx(fidelity.drops(true.attacks)["relative_drop"].max())
    assert found.evidence.note.startswith("morph")
    assert found.evidence.n == 2
    assert found.ruling is Ruling.SUPPORTED
    close = attacks("none", "w" * 60 + "l" * 40)
    false = rows(tmp_path / "false", close, attacks("morph", "w" * 70 + "l" * 30))
    assert rulings(false, "up-to-285") == [Ruling.CONTRADICTED]
    few = rows(tmp_path / "open", attacks("none", "w" * 2 + "l" * 28), attacks("morph", "w" * 9 + "l" * 21))
    assert rulings(few, "up-to-285") == [Ruling.NOT_SETTLED]


def test_a_teacher_that_loses_nothing_has_no_relative_drop(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("none", "l" * 30), attacks("morph", WEAK[:30]))
    assert "its teacher loses accuracy" in ask(found)["up-to-285"].sentence
    assert largest_drop(pairs(found)).missing


def test_accuracy_hides_what_relations_show(tmp_path: Path) -> None:
    """The student is right as often as its teacher, on other examples."""
    found = rows(tmp_path, compared("morph", "=" * 160 + "s" * 20 + "t" * 20))
    assert ask(found)["accuracy-all"].evidence.effect == 0
    assert rulings(found, "accuracy-all", "violated-prediction_agreement", "unseen") == [
        Ruling.NOT_SETTLED,
        Ruling.SUPPORTED,
        Ruling.SUPPORTED,
    ]
    assert ask(found)["unseen"].evidence.note == "of 1 of 1 students"
    violated = ask(found)["violated-prediction_agreement"].evidence
    assert (violated.effect, violated.low, violated.high) == (0.2, *(wilson_interval(40, 200) or ()))


def test_students_that_behave_alike(tmp_path: Path) -> None:
    found = rows(tmp_path, compared("morph", "=" * 200))
    ids = ("accuracy-all", "accuracy-morph", "violated-prediction_agreement", "unseen", "up-to-62")
    assert rulings(found, *ids) == [Ruling.SUPPORTED] * 2 + [Ruling.CONTRADICTED] * 3


def test_a_student_that_lost_accuracy_is_not_unseen(tmp_path: Path) -> None:
    found = rows(tmp_path, compared("morph", "=" * 100 + "t" * 100))
    assert rulings(found, "accuracy-all", "unseen") == [Ruling.CONTRADICTED, Ruling.NOT_MEASURED]
    assert "no student loses at most 2 points" in ask(found)["unseen"].sentence


def test_adversarial_code_is_compared_with_the_same_programs_before(tmp_path: Path) -> None:
    worse = rows(tmp_path / "true", compared("morph", "=" * 60), compared("morph", "t" * 30 + "=" * 10, under="alert"))
    found = ask(worse)["attacked-prediction_agreement"]
    assert found.ruling is Ruling.SUPPORTED
    assert (found.evidence.n, found.evidence.effect) == (40, 0.75)
    better = rows(tmp_path / "false", compared("morph", "t" * 40), compared("morph", "=" * 40, under="alert"))
    assert rulings(better, "attacked-prediction_agreement") == [Ruling.CONTRADICTED]
    clean = rows(tmp_path / "missing", compared("morph", "t" * 40))
    assert "was not measured on adversarial code" in ask(clean)["attacked-prediction_agreement"].sentence


def test_the_largest_violation_is_of_enough_inputs(tmp_path: Path) -> None:
    few = rows(tmp_path / "few", compared("morph", "=" * 40), compared("morph", "t" * 3, under="alert"))
    assert rulings(few, "up-to-62") == [Ruling.CONTRADICTED]
    assert ask(few)["up-to-62"].evidence.effect == 0
    many = rows(tmp_path / "many", compared("morph", "=" * 40), compared("morph", "t" * 30, under="alert"))
    assert rulings(many, "up-to-62") == [Ruling.SUPPORTED]
    assert "alert" in ask(many)["up-to-62"].evidence.note


def test_the_largest_of_two_has_the_wider_interval_of_two(tmp_path: Path) -> None:
    found = rows(tmp_path, compared("morph", "t" * 30 + "=" * 10), compared("avatar", "=" * 40))
    evidence = ask(found)["up-to-62"].evidence
    assert (evidence.n, evidence.effect) == (2, 0.75)
    assert (evidence.low, evidence.high) == wilson_interval(30, 40, confidence=1 - 0.05 / 2)


def test_a_relation_that_was_not_measured_is_named(tmp_path: Path) -> None:
    judged = ask(rows(tmp_path, compared("morph", "=" * 40)))
    found = judged["violated-calibration_alignment"].sentence
    assert found == "Not measured: calibration_alignment was not measured on clean code."


def test_nothing_at_all_is_a_page_of_what_is_missing(store: Path, tmp_path: Path) -> None:
    """The small store has no distilled student."""
    page = paper2.page(load(str(store)))
    assert {each.ruling for each in page.judged} == {Ruling.NOT_MEASURED}
    assert "distillation" not in STUDENTS


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    attacked = [*attacks("none", ROBUST), *attacks("morph", WEAK)]
    likeness = [*compared("morph", "=" * 40 + "t" * 20), *compared("morph", "t" * 10, under="alert")]
    folder = stored(tmp_path / "store", attacked, likeness, missing=["attack-alert-v1-notyet"])
    html = tmp_path / "page.html"
    arguments = ["--store", str(folder), "--sweep", "study", "--out", str(tmp_path / "out"), "--html", str(html)]
    assert paper2.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "Not whole: 1 of" in printed[: printed.index("Supported:")]
    assert "of the paper's not measured: compressor, avatar" in printed
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"paper2-findings.csv", "paper2-violated-relations.tex", "paper2-loss-under-attack.csv"} <= written
    assert "<svg" in html.read_text(encoding="utf-8")
    drops = pd.read_csv(tmp_path / "out" / "paper2-loss-under-attack.csv")
    assert drops["relative_drop"].tolist() == [pytest.approx(300)]
    assert paper2.main(["--store", str(folder), "--where", "seed == 1"]) == 0
    assert "19 not measured" in capsys.readouterr().out


def test_the_papers_sweep_measures_all_that_is_asked() -> None:
    sweep = yaml.safe_load((SWEEPS / "metacompress.yaml").read_text())
    assert set(sweep["models"]) == set(paper2.MODELS)
    assert {task["type"] for task in sweep["tasks"]} == set(paper2.TASKS)
    assert {compression["type"] for compression in sweep["compressions"]} == set(paper2.DISTILLERS)
    assert {attack["type"] for attack in sweep["attacks"]} == set(paper2.ATTACKS)
    assert set(sweep["relations"]) == set(paper2.RELATIONS)
