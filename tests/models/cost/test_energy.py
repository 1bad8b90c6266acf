"""Joules are what the machine's counters moved by, and nothing where they cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.torch

RANGE = 1_000_000


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A processor of two packages, one of which counts its cores apart; and the counter of the whole platform."""
    from robust_ray.models.cost import energy

    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    names = {"0": "package-0", "0:0": "core", "1": "package-1", "2": "psys"}
    for place, name in names.items():
        zone = tmp_path / f"intel-rapl:{place}"
        zone.mkdir()
        (zone / "name").write_text(f"{name}\n")
        (zone / "energy_uj").write_text("900000\n")
        (zone / "max_energy_range_uj").write_text(f"{RANGE}\n")
    return tmp_path


def test_packages_are_added_up_and_counters_begin_anew(powercap: Path) -> None:
    from robust_ray.models.cost.energy import Energy

    with Energy("cpu") as energy:
        (powercap / "intel-rapl:0" / "energy_uj").write_text("950000\n")
        (powercap / "intel-rapl:0:0" / "energy_uj").write_text("940000\n")
        (powercap / "intel-rapl:1" / "energy_uj").write_text("100000\n")
    assert energy.joules == pytest.approx((50_000 + 200_000) / 1e6)


def test_what_did_not_move_was_not_measured(powercap: Path) -> None:
    from robust_ray.models.cost.energy import Energy

    with Energy("cpu") as energy:
        pass
    assert energy.joules is None


def test_what_cannot_be_read_was_not_measured(powercap: Path) -> None:
    from robust_ray.models.cost.energy import Energy

    (powercap / "intel-rapl:1" / "energy_uj").unlink()
    with Energy("cpu") as energy:
        pass
    assert energy.joules is None


def test_a_gpu_counts_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from robust_ray.models.cost import energy

    readings = iter([4000, 6500])
    monkeypatch.setattr(energy, "_gpu", lambda: next(readings))
    with energy.Energy("cuda") as used:
        pass
    assert used.joules == 2.5
