"""How long calls take, from those that ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.dispatch import Settings
from robust_ray.store import Store
from robust_ray.watching.axes import places
from robust_ray.watching.history import RECENT, Estimate, History, kind
from tests.dispatch.fakes import Look
from tests.dispatch.fakes import call as call_of
from tests.watching.fakes import run
from tests.watching.test_axes import PLAN

LOOK = call_of(Look(value=1))
OTHER = call_of(Look(value=2))


def test_nothing_is_known_of_a_stage_that_never_ran() -> None:
    history = History([run("finetune-codebert-v1-0123456789abcdef")])
    assert history.estimate(LOOK) is None
    assert not history.knows(LOOK)


def test_another_label_of_the_stage_is_better_than_nothing_but_not_known() -> None:
    history = History([run("attack-alert-v1-0123456789abcdef", 7.0)])
    assert history.estimate(LOOK) == Estimate(7.0, "same stage", "chip")
    assert not history.knows(LOOK)


def test_the_nearest_counts() -> None:
    place_of = places(PLAN.calls.values())
    by_task = {place_of[call.key]["task"]: call for call in PLAN.stages()["attack"]}
    on_defects, on_clones = by_task["defect_detection"], by_task["clone_detection"]
    history = History([run(on_defects, 2.0), run(on_clones, 60.0)], place_of)
    assert history.estimate(on_defects) == Estimate(2.0, "like it", "chip")
    assert history.estimate(on_clones) == Estimate(60.0, "like it", "chip")


def test_failed_runs_tell_nothing() -> None:
    assert History([run(OTHER, outcome="failed")]).estimate(LOOK) is None


def test_the_median_of_the_latest_counts() -> None:
    old = [run(OTHER, 100.0, started=i) for i in range(50)]
    new = [run(OTHER, seconds, started=100 + i) for i, seconds in enumerate([1.0] * (RECENT - 1) + [1000.0])]
    estimate = History(old + new).estimate(LOOK)
    assert estimate is not None
    assert estimate.seconds == 1.0


def test_runs_on_this_machines_accelerator_go_before_later_ones_elsewhere() -> None:
    runs = [run(OTHER, 5.0, accelerator="mine", started=1), run(OTHER, 1.0, accelerator="big", started=2)]
    assert History(runs, accelerator_of=lambda call: "mine").estimate(LOOK) == Estimate(5.0, "like it", "mine")
    assert History(runs, accelerator_of=lambda call: "none").estimate(LOOK) == Estimate(1.0, "like it", "big")


def test_what_runs_now_tells_more_than_what_ran_before() -> None:
    history = History([run(OTHER, 5.0)])
    assert history.estimate(LOOK) == Estimate(5.0, "like it", "chip")
    history.learn(OTHER, 10.0)
    assert history.estimate(LOOK) == Estimate(10.0, "like it", "")


def test_of_many_runs_in_a_store_few_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(str(tmp_path))
    for i in range(2 * RECENT):
        store.put_run(run(call_of(Look(value=i)), float(i), started=i))
    read: list[int] = []
    runs = Store.runs

    def count(self: Store, attempts: list[object]) -> object:
        read.append(len(attempts))
        return runs(self, attempts)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "runs", count)
    history = History.of(store, [LOOK], Settings())
    assert history.knows(LOOK)
    assert read == [RECENT]


@pytest.mark.parametrize("key", ["attack-mhm-v1-0123456789abcdef", "attack-mhm-v12-0123456789abcdef"])
def test_a_kind_is_a_stage_and_a_label(key: str) -> None:
    assert kind(key) == "attack-mhm"
