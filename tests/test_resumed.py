"""A sweep looked at, or gone on with, on another machine is the same sweep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import robust_ray.sweep
from robust_ray.cli import main
from robust_ray.plan import expand
from robust_ray.resumed import elsewhere, resumed
from robust_ray.store import Store
from robust_ray.sweep_file import load
from tests.test_cli import SWEEP

ON_GPUS = "resources={evaluate: {gpu: 1}}"


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A sweep file."""
    path = tmp_path / "case.yaml"
    path.write_text(yaml.safe_dump(SWEEP | {"store": str(tmp_path / "store")}))
    return str(path)


@pytest.fixture
def started(file: str) -> str:
    """The same, once somebody has run it."""
    sweep = load(file)
    Store.open(sweep.store).put_plan(sweep.name, expand(sweep).document())
    return file


@pytest.fixture
def on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this is another machine."""
    monkeypatch.setattr(robust_ray.sweep, "accelerator_name", lambda *, gpu: "another machine's")


def planned(file: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Keys, as ``robust-ray plan`` tells them."""
    assert main(["plan", file, "--json"]) == 0
    return {call["key"] for call in json.loads(capsys.readouterr().out)["calls"]}


def test_another_machine_plans_the_same_calls(
    started: str, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    here = planned(started, capsys)
    request.getfixturevalue("on_another")
    assert expand(load(started)).calls.keys() != here, "its times would be other times"
    assert planned(started, capsys) == here


@pytest.mark.usefixtures("on_another")
def test_what_was_never_run_is_planned_for_the_machine_at_hand(file: str) -> None:
    assert resumed(load(file)).measured_on == "another machine's"
    assert elsewhere(resumed(load(file))) is None


@pytest.mark.usefixtures("started", "on_another")
def test_the_file_has_the_last_word(file: str) -> None:
    assert resumed(load(file, ["accelerator=mine"])).measured_on == "mine"


@pytest.mark.usefixtures("started", "on_another")
def test_a_gpu_does_not_go_with_what_a_processor_was(file: str) -> None:
    assert resumed(load(file, [ON_GPUS])).measured_on == "another machine's"


def test_whoever_goes_on_elsewhere_is_told(started: str, request: pytest.FixtureRequest) -> None:
    first = resumed(load(started)).measured_on
    request.getfixturevalue("on_another")
    note = elsewhere(resumed(load(started)))
    assert note is not None
    assert f"measured on {first!r}" in note
    assert "--set accelerator=" in note
