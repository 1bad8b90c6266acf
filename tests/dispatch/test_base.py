"""What is decided about each outcome, whoever dispatches."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.core.errors import StoreError
from robust_ray.core.machine import Warm
from robust_ray.dispatch import Outcome, Run, Settings, Shape, settings
from robust_ray.dispatch.base import MOST_NODES
from robust_ray.store import Store
from tests.dispatch.fakes import small_plan


def test_what_several_calls_find_damaged_at_once_was_damaged_once(tmp_path: Path) -> None:
    teacher, student, *looks = small_plan(students=1, looks=4)[:6]
    this = Run([teacher, student, *looks], Store.open(str(tmp_path)), Settings(retries=0))
    for made in (teacher, student):
        assert this.next() == made
        this.ended(made, Outcome(made.key))
    assert [this.next() for _ in looks] == looks
    for look in looks:
        this.ended(look, Outcome(look.key, "damaged", damaged=student.key))
    assert this.next() == student
    this.ended(student, Outcome(student.key))
    for look in looks:
        assert this.next() == look
        this.ended(look, Outcome(look.key))
    assert this.finished()
    assert this.report().ok


def test_a_store_that_is_away_for_a_while_stops_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: object) -> bool:
        raise StoreError("away")

    teacher, *_ = small_plan()
    store = Store.open(str(tmp_path))
    leases = store.leases()
    leases.has_met = True
    this = Run([teacher], store, Settings(), leases=leases)
    monkeypatch.setattr(Store, "has", away)
    assert this.next() == teacher


def test_a_lost_node_is_no_fault_of_its_calls_unless_it_is_one_after_another(tmp_path: Path) -> None:
    made, *others = small_plan()
    this = Run([made, *others], Store.open(str(tmp_path)), Settings(retries=1))
    for outcome in [Outcome(made.key, "lost")] * MOST_NODES:
        assert this.next() == made
        this.ended(made, outcome, is_node_lost=True)
    assert this.next() == made
    this.ended(made, Outcome(made.key, "boom"))
    assert this.next() == made
    this.ended(made, Outcome(made.key, "lost"), is_node_lost=True)
    assert this.report().failures == [(made.key, "lost")]


@pytest.mark.parametrize("outcome", [
    Outcome("", "out of memory", lacked_memory=True), Outcome("", "the worker died", learned=True),
])  # fmt: skip
def test_an_attempt_that_differs_from_the_last_counts_as_no_repetition(outcome: Outcome, tmp_path: Path) -> None:
    made, *_ = small_plan()
    this = Run([made], Store.open(str(tmp_path)), Settings(retries=0))
    assert this.next() == made
    this.ended(made, outcome)
    assert this.next() == made
    assert this.shortages(made) == outcome.lacked_memory
    this.ended(made, Outcome(made.key, "boom"))
    assert this.report().failures == [(made.key, "boom")]


@pytest.mark.parametrize(("held", "seen", "device", "devices"), [
    (0, 8, "cpu", 1), (0.25, 8, "cuda", 1), (2, 8, "cuda", 2), (4, 2, "cuda", 2), (2, 0, "cpu", 1),
])  # fmt: skip
def test_a_training_uses_the_gpus_that_its_stage_holds_and_the_machine_has(
    held: float, seen: int, device: str, devices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "_gpus", lambda: seen)
    machine = Settings(shapes={"finetune": Shape(gpu=held)}).machine(small_plan()[0], Warm())
    assert (machine.device, machine.devices) == (device, devices)
