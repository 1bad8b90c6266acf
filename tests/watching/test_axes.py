"""Where calls lie on the axes of a sweep."""

from __future__ import annotations

from robust_ray.attacks import MHM, WIRRandom
from robust_ray.compression import Distillation, DynamicQuantization, MagnitudePruning
from robust_ray.fidelity import PredictionAgreement
from robust_ray.models import ScratchRoberta
from robust_ray.plan import expand
from robust_ray.sweep import Examples, Sweep
from robust_ray.tasks import CloneDetection, DefectDetection
from robust_ray.watching.axes import places

SWEEP = Sweep(
    name="study",
    models=(ScratchRoberta(),),
    tasks=(DefectDetection(), CloneDetection()),
    compressions=(MagnitudePruning(sparsity=0.5), MagnitudePruning(sparsity=0.8), DynamicQuantization()),
    attacks=(MHM(), WIRRandom()),
    relations=(PredictionAgreement(),),
    examples=Examples(attack=50, shard=25),
)
PLAN = expand(SWEEP)


def test_a_measurement_says_where_it_lies() -> None:
    found = places(PLAN.calls.values())
    attacks = [found[call.key] for call in PLAN.stages()["attack"]]
    assert {place["model"] for place in attacks} == {"scratch_roberta"}
    assert {place["task"] for place in attacks} == {"defect_detection", "clone_detection"}
    assert {place["attack"] for place in attacks} == {"mhm", "wir_random"}


def test_components_of_one_type_are_told_apart_by_what_differs() -> None:
    found = places(PLAN.calls.values())
    named = {place["compression"] for place in found.values() if "compression" in place}
    assert named == {"none", "magnitude_pruning sparsity=0.5", "magnitude_pruning sparsity=0.8", "dynamic_quantization"}


def test_what_differs_in_more_than_words_is_numbered() -> None:
    students = (ScratchRoberta(layers=1), ScratchRoberta(layers=2))
    compressions = tuple(Distillation(student=student) for student in students)
    sweep = Sweep(name="s", models=(ScratchRoberta(),), tasks=(DefectDetection(),), compressions=compressions)
    found = places(expand(sweep).calls.values())
    named = {place["compression"] for place in found.values() if "compression" in place}
    assert named == {"none", "distillation", "distillation #2"}


def test_what_a_call_does_not_say_its_inputs_do() -> None:
    found = places(PLAN.calls.values())
    stages = PLAN.stages()
    assert all(found[call.key]["model"] == "scratch_roberta" for call in stages["compress"])
    assert not any("compression" in found[call.key] for call in stages["finetune"])
    assert not any("model" in found[call.key] for call in stages["survey"])
    on_attacks = [call for call in stages["fidelity"] if "attacks_on_student" in call.inputs]
    assert {found[call.key]["attack"] for call in on_attacks} == {"mhm", "wir_random"}
