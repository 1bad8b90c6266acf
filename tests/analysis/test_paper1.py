"""Paper 1's page over studies in which each claim is made true, false, open, or was not measured."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from analysis import paper1, significance
from analysis.load import Rows, load
from analysis.papers import families
from analysis.papers.families import PRUNED
from analysis.papers.findings import Ruling, judge
from analysis.papers.six_metrics import metrics
from analysis.papers.study import ORIGINALS, family, study, versus
from analysis.statistics import mcnemar, wilcoxon
from tests.analysis.studies import attacks, evaluation, rows, stored
from tests.analysis.synthetic import only

SWEEPS = Path(__file__).resolve().parents[2] / "sweeps"

N = 60
ROBUST = "w" * 10 + "l" * 50
WEAK = "w" * 40 + "l" * 20
WORST = "w" * 58 + "l" * 2


def ask(found: Rows, *ids: str) -> list[Ruling]:
    judged = {each.finding.id: each.ruling for each in judge(paper1.FINDINGS, study(found))}
    return [judged[name] for name in ids]


def test_claims_that_are_true(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        attacks("none", ROBUST),
        attacks("magnitude_pruning", WEAK),
        attacks("int8_quantization", WEAK),
        attacks("distillation", WORST),
    )
    ids = ("fooled", "fooled-pruned", "fooled-quantized", "fooled-distilled", "robust", "distilled-vs-pruned")
    assert set(ask(found, *ids, "fooled-by-alert", "any-text")) == {Ruling.SUPPORTED}


def test_claims_that_are_false(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("none", WEAK), attacks("magnitude_pruning", WORST), attacks("distillation", ROBUST))
    ids = ("fooled-distilled", "distilled-vs-pruned")
    assert set(ask(found, *ids)) == {Ruling.CONTRADICTED}
    assert ask(found, "fooled-pruned") == [Ruling.SUPPORTED]


def test_claims_that_these_rows_leave_open(tmp_path: Path) -> None:
    little = "w" * 12 + "l" * 48
    found = rows(tmp_path, attacks("none", ROBUST), attacks("magnitude_pruning", little))
    assert set(ask(found, "fooled", "fooled-pruned", "robust")) == {Ruling.NOT_SETTLED}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("none", ROBUST), attacks("distillation", WORST))
    judged = {each.finding.id: each.sentence for each in judge(paper1.FINDINGS, study(found))}
    assert judged["fooled-pruned"] == "Not measured: no attack on pruned models."
    assert judged["fooled-by-mhm"] == "Not measured: mhm was not run."
    assert judged["effort-acs"] == "Not measured: no `acs` of attacks that fooled both."
    assert judged["stronger-distilled"] == "Not measured: no two sizes of distilled models on one model and task."
    assert "there is none of pruned, quantized" in judged["families-differ"]
    assert judged["retrained"] == "Not measured: no compression that was tried with training after it and without."


def test_without_originals_nothing_is_compared(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("distillation", WORST), attacks("magnitude_pruning", WEAK))
    assert ask(found, "fooled", "clean-distilled") == [Ruling.NOT_MEASURED] * 2
    assert ask(found, "distilled-vs-pruned") == [Ruling.SUPPORTED]


def test_clean_performance_within_a_margin(tmp_path: Path) -> None:
    """Nothing lost of 60 examples does not show that less than two points are lost; of 400 it does."""
    few = rows(tmp_path / "few", attacks("none", ROBUST), attacks("distillation", ROBUST))
    assert ask(few, "clean-distilled") == [Ruling.NOT_SETTLED]
    many = rows(tmp_path / "many", attacks("none", "l" * 400), attacks("distillation", "l" * 400))
    assert ask(many, "clean-distilled") == [Ruling.SUPPORTED]
    lossy = rows(tmp_path / "lossy", attacks("none", "l" * 60), attacks("distillation", "x" * 20 + "l" * 40))
    assert ask(lossy, "clean-distilled") == [Ruling.CONTRADICTED]


def test_only_what_both_had_right_counts_for_the_success_rate(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("none", "l" * 30 + "w" * 10), attacks("distillation", "x" * 30 + "w" * 10))
    evidence = versus(ORIGINALS, family("distilled"))(study(found))
    assert (evidence.n, evidence.effect) == (10, 0.0)
    assert ask(found, "fooled-distilled", "robust") == [Ruling.NOT_SETTLED, Ruling.SUPPORTED]


def test_no_attack_that_won_is_no_zero(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("none", "l" * N), attacks("distillation", "l" * N))
    judged = {each.finding.id: each for each in judge(paper1.FINDINGS, study(found))}
    none_fell = judged["fooled"].evidence
    assert judged["fooled"].ruling is Ruling.NOT_SETTLED
    assert none_fell.low is not None
    assert none_fell.low < -0.05 < 0.05 < (none_fell.high or 0), "60 examples may hide so much"
    assert judged["effort-icr"].ruling is Ruling.NOT_MEASURED
    assert judged["effort-icr"].evidence.effect is None


def test_attacks_that_broke_say_nothing(tmp_path: Path) -> None:
    found = rows(tmp_path, attacks("none", "e" * 20 + "l" * 20), attacks("distillation", "w" * 40))
    assert versus(ORIGINALS, family("distilled"))(study(found)).n == 20


def test_seeds_and_attacks_are_no_further_examples(tmp_path: Path) -> None:
    one = rows(tmp_path / "one", attacks("none", ROBUST), attacks("distillation", WEAK))
    parts = [
        attacks(name, letters, attack=attack, seed=seed)
        for seed in range(3)
        for attack in ("alert", "mhm")
        for name, letters in (("none", ROBUST), ("distillation", WEAK))
    ]
    many = rows(tmp_path / "many", *parts)
    asked = versus(ORIGINALS, family("distilled"))
    assert asked(study(many))[1:7] == asked(study(one))[1:7]
    assert asked(study(many)).agree == (2, 2)


def test_mixed_seeds_are_tested_by_their_means(tmp_path: Path) -> None:
    parts = [attacks("none", "l" * 40, seed=0), attacks("none", "l" * 40, seed=1)]
    parts += [
        attacks("distillation", "w" * 20 + "l" * 20, seed=0),
        attacks("distillation", "w" * 10 + "l" * 30, seed=1),
    ]
    evidence = versus(ORIGINALS, family("distilled"))(study(rows(tmp_path, *parts)))
    assert evidence.effect == pytest.approx(30 / 80)
    assert evidence.p_value == wilcoxon([0.0] * 40, [1.0] * 10 + [0.5] * 10 + [0.0] * 20).p_value


def test_numbers_are_those_of_the_other_pages(store: Path) -> None:
    """What is said here of one student under one attack stands in the table of the tests, too."""
    found = load(str(store))
    here = versus(ORIGINALS, family(PRUNED), under="alert")(study(found))
    there = only(significance.significance(found.attacks), compression="magnitude_pruning", attack="alert")
    assert here.effect == pytest.approx(there.fooled_change)
    assert here.p_value == there.fooled_p
    assert here.n == there.both
    assert (here.low, here.high) == pytest.approx((there.fooled_change_low, there.fooled_change_high), abs=0.03)


def test_a_stronger_setting_is_the_smaller_file(tmp_path: Path) -> None:
    weak, strong = '{"sparsity":0.2}', '{"sparsity":0.8}'
    parts = [
        attacks("none", ROBUST),
        attacks("magnitude_pruning", ROBUST, params=weak),
        attacks("magnitude_pruning", WEAK, params=strong),
    ]
    sizes = [evaluation("none", 100), evaluation("magnitude_pruning", 90, weak)]
    true = rows(tmp_path / "true", *parts, [*sizes, evaluation("magnitude_pruning", 30, strong)])
    assert ask(true, "stronger-pruned") == [Ruling.SUPPORTED]
    turned = rows(tmp_path / "turned", *parts, [*sizes, evaluation("magnitude_pruning", 95, strong)])
    assert ask(turned, "stronger-pruned") == [Ruling.CONTRADICTED]
    same = rows(tmp_path / "same", *parts, [*sizes, evaluation("magnitude_pruning", 90, strong)])
    assert ask(same, "stronger-pruned") == [Ruling.NOT_MEASURED]


def test_retraining_is_compared_within_one_setting(tmp_path: Path) -> None:
    def setting(sparsity: float, epochs: int) -> str:
        return f'{{"recovery_epochs":{epochs},"sparsity":{sparsity}}}'

    found = rows(
        tmp_path,
        attacks("none", ROBUST),
        attacks("magnitude_pruning", WEAK, params=setting(0.8, 0)),
        attacks("magnitude_pruning", ROBUST, params=setting(0.8, 1)),
        attacks("magnitude_pruning", WORST, params=setting(0.9, 1)),  # alone of its setting
        attacks("magnitude_pruning", WORST, params=setting(0.5, 0)),
        attacks("magnitude_pruning", "x" * N, params=setting(0.5, 1)),  # shares no example with the line above
    )
    assert ask(found, "retrained") == [Ruling.SUPPORTED]
    (retrained,) = (each for each in judge(paper1.FINDINGS, study(found)) if each.finding.id == "retrained")
    assert retrained.evidence.effect == pytest.approx(-0.5)
    assert retrained.evidence.p_value == mcnemar([1] * 40 + [0] * 20, [1] * 10 + [0] * 50).p_value


def test_the_papers_own_tests_are_over_conditions(tmp_path: Path) -> None:
    parts = []
    for i in range(8):
        dealt = {"none": 2 + i, "magnitude_pruning": 12 + i, "int8_quantization": 14 + i, "distillation": 22 + i}
        for name, won in dealt.items():
            named: dict[str, Any] = {
                "model_params": f'{{"hidden":{i}}}',
                "teacher": f"teacher-{i}",
                "student": f"{name}-{i}",
            }
            parts.append(attacks(name, "w" * won + "l" * (30 - won), key=f"attack-{name}-{i}", **named))
    judged = {each.finding.id: each for each in judge(paper1.FINDINGS, study(rows(tmp_path, *parts)))}
    assert judged["families-differ"].evidence.n == 8
    assert judged["families-differ"].ruling is Ruling.SUPPORTED
    assert judged["conditions-distilled"].evidence.p_value == pytest.approx(2 / 2**8)
    assert judged["conditions-distilled"].evidence.effect == pytest.approx(20 / 30)


def test_the_table_stands_against_the_uncompressed_model(store: Path) -> None:
    found = load(str(store))
    table = metrics(found.attacks, study(found).settings)
    assert list(table["family"].unique()) == ["original", "pruned", "quantized"]
    pruned = only(table, compression="magnitude_pruning", attack_name="alert")
    assert pruned.asr_change == pytest.approx(12 / 23 - 6 / 24)
    assert pruned.asr_change_low < pruned.asr_change < pruned.asr_change_high
    assert pruned.icr_change == pytest.approx(12 / (23 * 2) - 6 / (24 * 2))
    assert pruned.icr_change_low < pruned.icr_change < pruned.icr_change_high
    assert pruned.packed == pytest.approx(2 / 3.6)
    assert pd.isna(only(table, compression="none", attack_name="alert").asr_change)
    assert table["acs"].isna().all()
    assert table["acs_change"].isna().all()


def test_a_condition_keeps_the_teachers(store: Path) -> None:
    page = paper1.page(load(str(store)), "compression == 'magnitude_pruning'")
    judged = {each.finding.id: each for each in page.judged}
    assert judged["fooled-pruned"].evidence.n == 23
    assert judged["fooled-quantized"].ruling is Ruling.NOT_MEASURED
    assert set(page.sheets[0].frame["compression"]) == {"none", "magnitude_pruning"}


def test_a_store_without_attacks_is_a_page_of_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stored(tmp_path / "store", [evaluation("none", 100)])
    assert (
        paper1.main(["--store", str(folder), "--out", str(tmp_path / "out"), "--html", str(tmp_path / "p.html")]) == 0
    )
    assert f"0 supported, 0 contradicted, 0 not settled, {len(paper1.FINDINGS)} not measured" in capsys.readouterr().out
    assert "Not measured" in (tmp_path / "p.html").read_text()


class Page(HTMLParser):
    """What a browser would fetch or run, and the tags that were never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value for name, value in attrs if name in ("src", "href") and value and value[0] != "#"]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_command_writes_one_page_that_fetches_nothing(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = tmp_path / "deep" / "paper1.html"
    arguments = ["--store", str(store), "--sweep", "small", "--out", str(tmp_path), "--html", str(html)]
    assert paper1.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "Not whole: 1 of" in printed[: printed.index("Supported:")], "said before anything else"
    page = Page()
    page.feed(html.read_text(encoding="utf-8"))
    assert (page.open, page.fetched) == ([], [])
    assert "calls missing" in html.read_text(encoding="utf-8")
    written = {path.name for path in tmp_path.iterdir()}
    assert {"paper1-findings.csv", "paper1-findings.tex", "paper1-findings.svg", "paper1-six-metrics.csv"} <= written
    assert "calls missing" in (tmp_path / "paper1-findings.svg").read_text()
    table = pd.read_csv(tmp_path / "paper1-findings.csv")
    assert list(table["id"]) == [finding.id for finding in paper1.FINDINGS]


def test_every_finding_has_a_name_of_its_own() -> None:
    ids = [finding.id for finding in paper1.FINDINGS]
    assert len(set(ids)) == len(ids)


def test_a_condition_that_cannot_be_read_is_refused(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert paper1.main(["--store", str(store), "--where", "sparsity > 3"]) == 2
    assert "a condition on the columns" in capsys.readouterr().err


def test_the_papers_sweep_measures_all_that_is_asked() -> None:
    sweep = yaml.safe_load((SWEEPS / "compression_vs_robustness.yaml").read_text())
    assert tuple(sweep["models"]) == paper1.MODELS
    assert tuple(task["type"] for task in sweep["tasks"]) == paper1.TASKS
    assert [attack["type"] for attack in sweep["attacks"]] == list(paper1.ATTACKS)
    assert all(attack["query_budget"] for attack in sweep["attacks"]), "for the poorer attacker"
    kinds = Counter(families.family(compression["type"]) for compression in sweep["compressions"])
    assert set(kinds) == set(families.FAMILIES)
    assert min(kinds.values()) > 1, "each at several intensities"
    asked = [compression.get("recovery_epochs", 0) for compression in sweep["compressions"]]
    assert any(asked), "for training after compression"
    assert sweep["naturalness"], "for ACS"
    assert len(sweep["seeds"]) > 1
