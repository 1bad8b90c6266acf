"""From sweeps to plans: what is shared, what is new, what is left alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from robust_ray.attacks import MHM, WIRRandom
from robust_ray.compression import (
    Augmentation,
    Avatar,
    Compressor,
    Distillation,
    DynamicQuantization,
    LayerPruning,
    MagnitudePruning,
    Morph,
    NoCompression,
    Pipeline,
)
from robust_ray.core.errors import SweepError
from robust_ray.core.identity import digest
from robust_ray.fidelity import PredictionAgreement
from robust_ray.models import Imported, ScratchRoberta
from robust_ray.plan import Plan, expand
from robust_ray.stages import Attack, Evaluate, Transfer
from robust_ray.sweep import Examples, Resources, Sweep
from robust_ray.sweep_file import load
from robust_ray.tasks import CloneDetection, DefectDetection, Summarization

SWEEP = Sweep(
    name="study",
    models=(ScratchRoberta(),),
    tasks=(DefectDetection(), CloneDetection()),
    compressions=(MagnitudePruning(sparsity=0.5), Distillation()),
    attacks=(MHM(), WIRRandom()),
    relations=(PredictionAgreement(),),
    examples=Examples(attack=60, shard=25),
)
OTHER = ScratchRoberta(layers=3)
"""Another model."""


def counts(plan: Plan) -> dict[str, int]:
    return {stage: len(calls) for stage, calls in plan.stages().items()}


def new(change: Sweep) -> dict[str, int]:
    """Calls of a changed sweep that the original does not have, by stage."""
    before = expand(SWEEP).calls
    added = [call for key, call in expand(change).calls.items() if key not in before]
    return {stage: sum(call.stage.name == stage for call in added) for stage in {call.stage.name for call in added}}


def test_shared_stages_occur_once() -> None:
    assert counts(expand(SWEEP)) == {
        "survey": 2,
        "finetune": 2,
        "teach": 2,
        "compress": 2 * 3,
        "evaluate": 2 * 3,
        "substitutes": 2,
        "attack": 2 * 3 * 2 * 3,
        "fidelity": 2 * 2 * (1 + 2 * 3),
    }


def test_a_transfer_replays_each_attack_on_each_pair_of_victims_and_changes_no_key() -> None:
    assert new(dataclasses.replace(SWEEP, transfer=True)) == {"transfer": 2 * 3 * 3 * 2}
    two = (*SWEEP.models, OTHER)
    within = expand(dataclasses.replace(SWEEP, models=two, transfer=True))
    across = expand(dataclasses.replace(SWEEP, models=two, transfer="across_models"))
    assert counts(within)["transfer"] == 2 * counts(expand(dataclasses.replace(SWEEP, transfer=True)))["transfer"]
    assert counts(across)["transfer"] == 2 * counts(within)["transfer"]
    assert set(within.calls) < set(across.calls)


def test_what_to_replay_on_is_one_of_three(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text("{name: s, models: [scratch_roberta], tasks: [defect_detection]}")
    assert load(path).transfer is False
    for words, meant in (("true", True), ("false", False), ("across_models", "across_models")):
        assert load(path, [f"transfer={words}"]).transfer == meant
    with pytest.raises(SweepError, match="transfer: one of False, True, 'across_models' is expected, but got 1;"):
        load(path, ["transfer=1"])


def test_a_transfer_reads_what_one_attack_found_against_one_victim_with_the_same_seed() -> None:
    plan = expand(dataclasses.replace(SWEEP, transfer="across_models", seeds=(0, 1), models=(*SWEEP.models, OTHER)))
    pairs = set()
    for call in plan.stages()["transfer"]:
        target, sources = call.stage, [plan.calls[ref.key].stage for ref in call.inputs["attacks"]]
        assert isinstance(target, Transfer)
        assert len(sources) == 3, "every shard"
        for source in sources:
            assert isinstance(source, Attack)
            assert (source.attack, source.cell.task) == (target.attack, target.cell.task)
            assert source.cell.seed == target.cell.seed
            pairs.add((source.cell.model == target.cell.model, source.cell == target.cell))
    assert pairs == {(True, True), (True, False), (False, False)}


def test_with_transfer_a_compression_adds_its_row_and_column_alone() -> None:
    before = expand(dataclasses.replace(SWEEP, transfer=True))
    more = dataclasses.replace(SWEEP, transfer=True, compressions=(*SWEEP.compressions, DynamicQuantization()))
    added = [call for key, call in expand(more).calls.items() if key not in before.calls]
    assert sum(call.stage.name == "transfer" for call in added) == 2 * 2 * (4 * 4 - 3 * 3)


def test_each_key_is_hashed_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = 0

    def count(value: object) -> str:
        nonlocal hashed
        hashed += 1
        return digest(value)

    monkeypatch.setattr("robust_ray.core.call.digest", count)
    large = dataclasses.replace(SWEEP, seeds=tuple(range(5)), examples=Examples(attack=600, shard=25))
    gated, replayed = dataclasses.replace(large, min_clean_accuracy=0.5), dataclasses.replace(large, transfer=True)
    for sweep in (SWEEP, large, gated, replayed):
        hashed = 0
        planned = len(expand(sweep).calls)
        assert planned <= hashed < 1.2 * planned


def test_inputs_come_before_what_needs_them() -> None:
    seen: set[str] = set()
    for key, call in expand(SWEEP).calls.items():
        assert set(call.needs) <= seen
        seen.add(key)


def test_the_teacher_is_measured_even_if_nobody_asks() -> None:
    bare = dataclasses.replace(SWEEP, compressions=())
    named = dataclasses.replace(SWEEP, compressions=(NoCompression(),))
    assert set(expand(bare).calls) == set(expand(named).calls)


def test_the_same_setting_twice_is_one_point() -> None:
    twice = dataclasses.replace(SWEEP, compressions=(*SWEEP.compressions, *SWEEP.compressions))
    assert set(expand(twice).calls) == set(expand(SWEEP).calls)


def test_a_teacher_is_asked_once_for_all_who_learn_the_same_examples() -> None:
    variants = Augmentation(worst_of=4)
    robust = [Distillation(augmentation=variants), Distillation(augmentation=variants, variants_answer="own")]
    more = dataclasses.replace(SWEEP, compressions=(*SWEEP.compressions, Distillation(alpha=0.5), *robust))
    assert new(more)["teach"] == 2
    assert new(more)["compress"] == 2 * 3


def test_adding_a_compression_adds_its_cells_alone() -> None:
    more = dataclasses.replace(SWEEP, compressions=(*SWEEP.compressions, DynamicQuantization()))
    assert new(more) == {"compress": 2, "evaluate": 2, "attack": 2 * 2 * 3, "fidelity": 2 * (1 + 2 * 3)}


def test_changing_an_attack_changes_that_attack_alone() -> None:
    changed = dataclasses.replace(SWEEP, attacks=(MHM(query_budget=50), WIRRandom()))
    assert new(changed) == {"attack": 2 * 3 * 3, "fidelity": 2 * 2 * 3}


def test_more_examples_add_shards_and_repeat_none() -> None:
    even = dataclasses.replace(SWEEP, examples=Examples(attack=50, shard=25))
    more = dataclasses.replace(SWEEP, examples=Examples(attack=100, shard=25))
    assert set(expand(even).calls) < set(expand(more).calls)


def test_where_and_how_fast_are_not_in_any_key() -> None:
    moved = dataclasses.replace(
        SWEEP, name="other", store="s3://bucket", resources={"attack": Resources(gpu=1.0)}, in_flight=3, retries=9
    )
    assert set(expand(moved).calls) == set(expand(SWEEP).calls)


def test_a_second_seed_doubles_the_study_but_for_what_knows_no_seed() -> None:
    first, both = counts(expand(SWEEP)), counts(expand(dataclasses.replace(SWEEP, seeds=(0, 1))))
    assert both == {stage: count if stage in ("survey", "substitutes") else 2 * count for stage, count in first.items()}


def test_a_data_set_is_known_by_its_content_not_its_place(tmp_path: Path) -> None:
    row = '{"idx": 1, "target": 0, "func": "int f(int a) { return a; }"}\n'
    places = []
    for name, content in (("here", row), ("there", row), ("other", row.replace("return a", "return 2"))):
        (tmp_path / name).mkdir()
        for split in ("train", "valid", "test"):
            (tmp_path / name / f"{split}.jsonl").write_text(content)
        task = DefectDetection(data=str(tmp_path / name))
        places.append(set(expand(dataclasses.replace(SWEEP, tasks=(task,))).calls))
    assert places[0] == places[1]
    assert places[0].isdisjoint(places[2])


def test_a_floor_adds_one_gate_a_teacher_and_changes_no_key() -> None:
    gated = dataclasses.replace(SWEEP, min_clean_accuracy=0.6)
    assert new(gated) == {"gate": 2}
    assert new(dataclasses.replace(SWEEP, min_clean_accuracy=0.7)) == {"gate": 2}
    assert {call.after for call in expand(SWEEP).calls.values()} == {()}


def test_what_a_bad_teacher_would_waste_waits_at_its_gate() -> None:
    calls = expand(dataclasses.replace(SWEEP, min_clean_accuracy=0.6)).calls.values()
    gates = {call.key: call.inputs["teacher"] for call in calls if call.stage.name == "gate"}
    free = {"survey", "finetune", "gate", "evaluate", "substitutes"}
    for call in calls:
        is_copy = call.stage.name == "compress" and call.stage.label() == "none"
        assert len(call.after) == (0 if call.stage.name in free or is_copy else 1)
        for ref in call.after:
            assert ref.key in gates
            assert (
                "teacher" not in call.inputs
                or call.stage.name == "fidelity"
                or call.inputs["teacher"] == gates[ref.key]
            )


def test_a_teacher_that_is_tuned_already_is_looked_at_without_a_floor(tmp_path: Path) -> None:
    for name in ("model.bin", "tokenizer.json"):
        (tmp_path / name).write_text(name)
    model = Imported(path=str(tmp_path / "model.bin"), tokenizer=str(tmp_path / "tokenizer.json"))
    plan = expand(dataclasses.replace(SWEEP, models=(model,)))
    assert counts(plan)["gate"] == 2


def test_what_a_search_learns_from_is_planned_as_calls_of_their_own() -> None:
    searches = (Compressor(target_mb=0.5), Avatar(target_mb=0.5), Morph(target_mb=0.5, trained=8))
    one_task = dataclasses.replace(SWEEP, tasks=(DefectDetection(),), compressions=searches)
    plan = expand(one_task)
    found = counts(plan)
    assert (found["teach"], found["sample"], found["compress"]) == (2, 20 + 8, 1 + 3)  # MORPH's answers are of variants
    for call in plan.stages()["compress"]:
        samples = call.inputs.get("samples", ())
        assert len(samples) == {"avatar": 20, "morph": 8}.get(call.stage.label(), 0)
        assert all(plan.calls[ref.key].inputs == {"answers": call.inputs["answers"]} for ref in samples)
    gated = expand(dataclasses.replace(one_task, min_clean_accuracy=0.6))
    assert all(len(call.after) == 1 for call in gated.stages()["sample"])
    behind = Pipeline(steps=(MagnitudePruning(sparsity=0.5), Avatar(target_mb=0.5, trained=6)))
    piped = expand(dataclasses.replace(one_task, compressions=(behind,)))
    assert (counts(piped)["teach"], counts(piped)["sample"], counts(piped)["compress"]) == (1, 6, 1 + 2)


HALF, INT8 = MagnitudePruning(sparsity=0.5), DynamicQuantization()


def test_a_pipeline_makes_a_student_a_step_and_measures_the_last() -> None:
    piped = dataclasses.replace(SWEEP, tasks=(DefectDetection(),), compressions=(Pipeline(steps=(HALF, INT8)),))
    stages = expand(piped).stages()
    none, first, last = stages["compress"]
    assert [call.stage.label() for call in (none, first, last)] == ["none", "magnitude_pruning", "dynamic_quantization"]
    assert last.inputs == {"teacher": (first.ref,)}
    assert {call.inputs["student"] for call in stages["evaluate"]} == {(none.ref,), (last.ref,)}
    (cell,) = (
        call.stage.cell
        for call in stages["evaluate"]
        if isinstance(call.stage, Evaluate) and call.inputs["student"] == (last.ref,)
    )
    columns = cell.columns("key", last.key)
    assert (columns["compression"], columns["teacher"]) == ("pipeline", stages["finetune"][0].key)
    assert '"sparsity":0.5' in columns["compression_params"]
    assert '"dynamic_quantization"' in columns["compression_params"]


def test_what_pipelines_begin_with_is_made_once() -> None:
    two, three = Pipeline(steps=(HALF, INT8)), Pipeline(steps=(Distillation(), HALF, INT8))
    more = new(dataclasses.replace(SWEEP, compressions=(*SWEEP.compressions, two, three)))
    assert (more["compress"], more["evaluate"]) == (2 * (1 + 2), 2 * 2)
    assert "teach" not in more
    inside = Pipeline(steps=(Distillation(), HALF))
    also = new(dataclasses.replace(SWEEP, compressions=(*SWEEP.compressions, two, three, inside)))
    assert (also["compress"], also["evaluate"]) == (2 * (1 + 2), 2 * 3)


def test_each_student_that_teaches_is_asked_after_it_was_made() -> None:
    piped = dataclasses.replace(
        SWEEP,
        compressions=(Pipeline(steps=(HALF, Distillation())), Pipeline(steps=(Distillation(), HALF, Distillation()))),
    )
    calls = expand(piped).calls
    seen: set[str] = set()
    for key, call in calls.items():
        assert set(call.needs) <= seen
        seen.add(key)
    taught = [call for call in calls.values() if call.stage.label() == "distillation" and call.stage.name == "compress"]
    assert len(taught) == 2 * 3
    assert all(calls[call.inputs["answers"][0].key].inputs["teacher"] == call.inputs["teacher"] for call in taught)


def test_what_does_not_fit_a_model_or_a_task_is_refused_before_anything_runs() -> None:
    with pytest.raises(SweepError, match="layers"):
        dataclasses.replace(SWEEP, models=(ScratchRoberta(layers=1),), compressions=(LayerPruning(sparsity=0.5),))
    with pytest.raises(SweepError, match="distillation learns texts from the teacher alone"):
        dataclasses.replace(SWEEP, tasks=(Summarization(),), compressions=(Distillation(alpha=0.5),))
    with pytest.raises(SweepError, match="a student must be no larger than its teacher"):
        dataclasses.replace(SWEEP, models=(ScratchRoberta(layers=1, hidden=32, vocabulary=1000),))
