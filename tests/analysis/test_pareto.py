"""The front and its volume, on three students placed by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis import pareto
from analysis.load import load


@pytest.fixture(scope="module")
def points(store: Path) -> pd.DataFrame:
    return pareto.points(load(str(store)))


def view(points: pd.DataFrame, attack: str, size: str) -> pd.DataFrame:
    return points[(points["attack_name"] == attack) & (points["size_kind"] == size)].set_index("compression")


def test_every_attack_together_is_no_better_than_any_alone(points: pd.DataFrame) -> None:
    # The successes of mhm are a prefix of those of alert, so that together they are alert's; the errors are mhm's.
    together = view(points, "every attack", "on disk")["robust_accuracy"]
    assert together.to_dict() == pytest.approx(
        {"none": 19 / 30, "dynamic_quantization": 19 / 30, "magnitude_pruning": 12 / 30}
    )
    for attack in ("alert", "mhm"):
        assert (together <= view(points, attack, "on disk")["robust_accuracy"] + 1e-12).all()


def test_the_front(points: pd.DataFrame) -> None:
    # Under alert the quantized student is as robust as the teacher and smaller: it dominates both others.
    assert view(points, "alert", "on disk")["on_front"].to_dict() == {
        "none": False,
        "dynamic_quantization": True,
        "magnitude_pruning": False,
    }
    # Under mhm the teacher is more robust: 22 of 30 against 20 of 29.
    on_front = view(points, "mhm", "on disk")["on_front"]
    assert list(on_front[on_front].index) == ["none", "dynamic_quantization"]


def test_size_on_disk_and_packed_are_two_views(points: pd.DataFrame) -> None:
    assert view(points, "alert", "on disk")["size"].to_dict()["magnitude_pruning"] == 4_000_000
    assert view(points, "alert", "packed (zstd)")["size"].to_dict()["magnitude_pruning"] == 2_000_000


def test_hypervolume_is_the_box_the_students_cover(points: pd.DataFrame) -> None:
    volumes = pareto.volumes(points).set_index(["attack_name", "size_kind"])["hypervolume"]
    # One student on the front, at a quarter of the teacher's size with 19 of 30 right.
    assert volumes["alert", "on disk"] == pytest.approx((1 - 0.25) * 19 / 30)


def test_who_was_not_attacked_by_all_is_told_of(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = load(str(store))
    is_gone = (rows.attacks["attack"] == "mhm") & (rows.attacks["compression"] == "magnitude_pruning")
    points = pareto.points(rows._replace(attacks=rows.attacks[~is_gone]))
    told = pareto.unjudged(points)
    assert told is not None
    assert told.startswith("not among them, as not every attack was run on them: 1;")
    assert pareto.unjudged(pareto.points(rows)) is None
    assert pareto.unjudged(pareto.points(rows, "attack_name.str.startswith('mhm')")) is None, (
        "nobody asks for every attack"
    )
    monkeypatch.setattr(pareto, "load", lambda *args: rows._replace(attacks=rows.attacks[~is_gone]))
    assert pareto.main(["--store", str(store)]) == 0
    assert told in capsys.readouterr().out


def test_the_command_prints_the_front_and_writes_a_page_that_fetches_nothing(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pareto.main(["--store", str(store), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines() if line.endswith("●")] == ["dynamic_quantization"]
    assert "0.475 (every attack)" in printed
    page = (tmp_path / "pareto-tiny-on-defect-detection.html").read_text()
    assert "magnitude_pruning sparsity=0.4" in page
    assert 'src="http' not in page
    assert len(pd.read_csv(tmp_path / "pareto_points.csv")) == 3 * 3 * 2
