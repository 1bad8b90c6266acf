"""What a plan costs, and the pilot that tells."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter

import pytest
from rich.console import Console

from robust_ray.dispatch import Settings, Shape
from robust_ray.models import ScratchRoberta
from robust_ray.plan import expand
from robust_ray.sweep import Resources
from robust_ray.watching.axes import places
from robust_ray.watching.costs import cost_table, costs, total
from robust_ray.watching.history import History, kind
from robust_ray.watching.pilot import pilot, unknown_kinds, unknown_models
from tests.watching.fakes import run
from tests.watching.test_axes import PLAN, SWEEP

GPU = expand(dataclasses.replace(SWEEP, resources={"attack": Resources(cpu=2.0, gpu=0.5)}))
STAGES = GPU.stages()
SETTINGS = Settings.of(GPU.sweep)


def history(**seconds: float) -> History:
    """Of one call of each kind: ``attack_mhm=3.0`` for ``attack-mhm``."""
    runs = [run(f"{name.replace('_', '-', 1)}-v1-{i:016x}", taken) for i, (name, taken) in enumerate(seconds.items())]
    return History(runs, places(GPU.calls.values()))


def test_hours_are_resources_times_seconds() -> None:
    lines = {
        cost.stage: cost for cost in costs(GPU, set(), history(attack_mhm=3600.0, attack_wir_random=0.0), SETTINGS)
    }
    n = len(STAGES["attack"]) // 2
    assert lines["attack"].seconds == n * 3600
    on_gpu = n * 3 / 4  # what is quantized for processors holds no GPU
    assert (lines["attack"].cpu_hours, lines["attack"].gpu_hours) == pytest.approx((n * 2.0, on_gpu * 0.5))
    assert lines["attack"].sources == {"same kind": 2 * n}
    assert lines["compress"].sources == {"unknown": len(STAGES["compress"])}


def test_hours_are_of_the_part_of_a_gpu_that_earlier_runs_have_shown_to_do() -> None:
    """A call of `gpu: auto` that was measured to need a quarter costs a quarter."""
    measured = Settings(shapes={"attack": Shape(2.0, 0.25)})
    seen = history(attack_mhm=3600.0)
    whole, part = (
        next(cost for cost in costs(GPU, set(), seen, each) if cost.stage == "attack") for each in (SETTINGS, measured)
    )
    assert part.gpu_hours == pytest.approx(whole.gpu_hours / 2)


def test_what_is_in_the_store_costs_nothing() -> None:
    present = {call.key for call in STAGES["attack"]}
    (line,) = (cost for cost in costs(GPU, present, history(attack_mhm=5.0), SETTINGS) if cost.stage == "attack")
    assert (line.missing, line.seconds, line.sources) == (0, 0.0, {})


def test_the_table_says_what_is_known_in_part() -> None:
    found = [
        cost for cost in costs(GPU, set(), history(attack_mhm=90.0), SETTINGS) if cost.stage in ("attack", "compress")
    ]
    console = Console(file=io.StringIO(), width=120)
    console.print(cost_table(found))
    assert isinstance(console.file, io.StringIO)
    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert lines == [
        "stage calls in store to run worker CPU-h GPU-h known from",
        "compress 8 0 8 ? ? ? unknown 8",
        "attack 32 0 32 48m 00s 1.60 0.30 same kind 16, same stage 16",
        "all 40 0 40 over 48m 00s over 1.60 over 0.30 unknown 8, same kind 16, same stage 16",
    ]


def test_the_total_adds_up() -> None:
    found = costs(GPU, set(), history(attack_mhm=90.0), SETTINGS)
    assert total(found).calls == len(GPU.calls)
    assert total([]).accelerators == frozenset()


def test_a_pilot_runs_every_kind_that_never_ran_and_what_that_needs() -> None:
    calls = pilot(PLAN, set(), History())
    keys = [call.key for call in calls]
    assert {kind(key) for key in keys} == {kind(key) for key in PLAN.calls}
    for i, call in enumerate(calls):
        assert set(call.needs) <= set(keys[:i])


def test_it_is_small() -> None:
    """One task, one teacher, and of two students of one kind one."""
    place_of = places(PLAN.calls.values())
    calls = pilot(PLAN, set(), History())
    stages = [call.stage.name for call in calls]
    assert stages.count("finetune") == 1
    assert stages.count("compress") == 3
    assert stages.count("survey") == 2
    assert len(calls) < len(PLAN.calls) / 4
    assert {place_of[call.key]["task"] for call in calls if call.stage.name != "survey"} == {"defect_detection"}


TWO = expand(dataclasses.replace(SWEEP, models=(ScratchRoberta(layers=1), ScratchRoberta(layers=12))))


def test_it_covers_each_model_once() -> None:
    """How long a call takes, and how much of a GPU, differs from model to model: of the second one it is small, too."""
    place_of = places(TWO.calls.values())
    calls = pilot(TWO, set(), History((), place_of))
    found = Counter((call.stage.name, place_of[call.key].get("model")) for call in calls if call.stage.uses_gpu)
    models = ("scratch_roberta layers=1", "scratch_roberta layers=12")
    for stage in ("finetune", "compress", "evaluate", "attack", "fidelity"):
        assert all(found[stage, model] for model in models), stage
    assert found["attack", models[1]] == 1
    assert found["finetune", models[0]] == found["finetune", models[1]] == 1


def test_a_model_added_later_is_covered_though_its_kinds_are_known() -> None:
    place_of = places(TWO.calls.values())
    runs = [run(call) for call in TWO.calls.values() if place_of[call.key].get("model") == "scratch_roberta layers=1"]
    history = History(runs, place_of)
    assert {name.split(" on ")[1] for name in unknown_models(TWO, set(), history)} == {"scratch_roberta layers=12"}
    chosen = pilot(TWO, {each.key for each in runs}, history)
    assert Counter(call.stage.name for call in chosen)["attack"] == 1
    assert pilot(TWO, set(), History([*runs, *map(run, chosen)], place_of)) == []


def test_what_ran_before_is_run_only_where_others_need_it() -> None:
    runs = [run(call, 1.0) for call in PLAN.calls.values() if call.stage.label() != "mhm"]
    calls = pilot(PLAN, set(), History(runs))
    assert {call.stage.name for call in calls} >= {"finetune", "attack", "fidelity"}
    assert {call.stage.label() for call in calls if call.stage.name == "attack"} == {"mhm"}
    present = {call.key for call in PLAN.calls.values() if call.stage.label() != "mhm"}
    assert {call.stage.label() for call in pilot(PLAN, present, History(runs))} == {"mhm"}


def test_nothing_is_left_to_learn_after_a_pilot() -> None:
    history = History(run(call, 1.0) for call in pilot(PLAN, set(), History()))
    assert unknown_kinds(PLAN, set(), history) == {}
    assert pilot(PLAN, set(), history) == []
