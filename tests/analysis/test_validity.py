"""Are the adversarial examples that count valid, and natural? Against counts dealt by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import validity
from analysis.load import load
from analysis.operations import mean_interval
from robust_ray.core.records import Verdict
from robust_ray.metrics import wilson_interval
from tests.analysis.synthetic import attack, only

NAMES = {f"{kind}_name": kind for kind in ("model", "task", "compression", "attack")}
LOOKS = ("acs", "similarity", "perplexity_ratio")


def table(*rows: dict[str, Any]) -> Any:
    """The one line of some attacked examples of one student; what a row leaves out is as the small store has it."""
    found = []
    for i, given in enumerate(rows):
        changes = {name: value for name, value in given.items() if name not in LOOKS}
        verdict = Verdict(changes.pop("verdict", Verdict.SUCCEEDED))
        looks = {name: given.get(name) for name in LOOKS}
        found.append(dataclasses.asdict(attack("none", "mhm", i, verdict, **({"rejected": 0} | changes))) | looks)
    (line,) = validity.validity(pd.DataFrame(found).assign(**NAMES)).itertuples(index=False)
    return line


@pytest.fixture(scope="module")
def whole(store: Path) -> pd.DataFrame:
    return validity.validity(load(str(store)).attacks)


def test_claims_are_those_of_the_counts(whole: pd.DataFrame) -> None:
    teacher = only(whole, compression="none", attack="alert")  # six won, and of the first a candidate was refused
    assert (teacher.succeeded, teacher.compile, teacher.bind, teacher.parse, teacher.unchecked) == (6, 6, 0, 0, 0)
    assert teacher.compiled_share == 1
    assert (teacher.compiled_share_low, teacher.compiled_share_high) == wilson_interval(6, 6)
    assert (teacher.refused, teacher.refused_share) == (1, pytest.approx(1 / 7))
    assert teacher.refused_share_low == 0 < teacher.refused_share < teacher.refused_share_high < 0.5


def test_by_which_check_a_success_was_found_valid() -> None:
    line = table(*({"validity": level} for level in ("compile", "compile", "bind", "parse", None)))
    assert (line.compile, line.bind, line.parse, line.unchecked) == (2, 1, 1, 1)
    assert line.compiled_share == pytest.approx(0.4)


def test_an_attack_that_stopped_at_an_invalid_program_was_refused() -> None:
    line = table({}, {"verdict": "INVALID", "rejected": 1}, {"verdict": "FAILED", "rejected": 2})
    assert (line.succeeded, line.refused, line.refused_share) == (1, 3, pytest.approx(3 / 4))


def test_no_claim_is_not_measured() -> None:
    line = table({"verdict": "FAILED"}, {"verdict": "SKIPPED_NO_TARGET"})
    assert line.succeeded == 0
    for name in ("compiled_share", "refused_share", "aed", "tcr_of_successes", "perplexity_ratio", "looked_at"):
        assert pd.isna(getattr(line, name)), name
    assert pd.isna(line.refused_share_low)


@pytest.mark.parametrize(("rejected", "share"), [(0, 0.0), (3, 1.0)])
def test_where_all_claims_are_alike_an_example_counts_once(rejected: int, share: float) -> None:
    verdict = "FAILED" if rejected else "SUCCEEDED"
    line = table(
        *({"verdict": verdict, "rejected": rejected, "uid": uid, "seed": seed} for uid in "ab" for seed in (0, 1))
    )
    assert line.refused_share == share
    assert (line.refused_share_low, line.refused_share_high) == wilson_interval(2 if rejected else 0, 2)


def test_averages_are_over_successes_with_whole_examples_drawn() -> None:
    drawn = [("a", 0, 10), ("a", 1, 30), ("b", 0, 50)]
    rows = [{"uid": uid, "seed": seed, "edit_distance": value} for uid, seed, value in drawn]
    line = table(*rows, {"verdict": "FAILED", "edit_distance": None})
    assert line.aed == pytest.approx(30)
    assert (line.aed_low, line.aed_high) == mean_interval([10.0, 30.0, 50.0], ["a", "a", "b"])


def test_what_a_language_model_did_not_look_at_is_left_out() -> None:
    line = table({"acs": 0.9, "perplexity_ratio": 2.0}, {"acs": None, "perplexity_ratio": 1.0}, {})
    assert (line.looked_at, line.acs, line.perplexity_ratio) == (2, pytest.approx(0.9), pytest.approx(1.5))
    assert pd.isna(line.similarity)
    assert pd.isna(line.similarity_low)


def test_out_holds_both_tables_and_their_figures(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validity.main(["--store", str(store), "--where", "attack == 'alert'", "--out", str(tmp_path)]) == 0
    names = {"validity.csv", "validity.tex", "naturalness.csv", "naturalness.tex"}
    figures = {f"{what}-tiny-on-defect-detection.svg" for what in ("refused", "changed")}
    assert {path.name for path in tmp_path.iterdir()} == names | figures
    printed = capsys.readouterr().out
    assert "of claims" in printed
    assert "ACS" not in printed  # no language model looked
    assert "mhm" not in printed


def test_no_rows_is_said(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validity.main(["--store", str(store), "--where", "seed == 7"]) == 0
    assert "no such rows" in capsys.readouterr().out
