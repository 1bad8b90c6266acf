"""Which resources a sweep may ask for, and who holds a GPU then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robust_ray.attacks import ALERT, MHM, MaskedLMSubstitutes
from robust_ray.compression import DynamicQuantization, MagnitudePruning, Pipeline
from robust_ray.core.call import StageCall
from robust_ray.core.errors import SweepError
from robust_ray.dispatch import Settings, Shape
from robust_ray.models import ScratchRoberta
from robust_ray.plan import expand
from robust_ray.stages import Attack, Evaluate
from robust_ray.sweep import STAGE_NAMES, Examples, Resources, Sweep
from robust_ray.sweep_file import load
from robust_ray.tasks import DefectDetection

PRUNED = MagnitudePruning(sparsity=0.5, scope="linear")
SWEEP = Sweep(
    name="study",
    models=(ScratchRoberta(),),
    tasks=(DefectDetection(),),
    compressions=(PRUNED, DynamicQuantization(), Pipeline(steps=(PRUNED, DynamicQuantization()))),
    attacks=(MHM(), ALERT(substitutes=MaskedLMSubstitutes())),
    examples=Examples(attack=20, shard=20),
)


def on(**resources: Any) -> Sweep:
    """The sweep with GPUs for some stages."""
    return replace(SWEEP, resources={stage: Resources(gpu=gpu) for stage, gpu in resources.items()})


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ({"survey": 1.0}, r"`resources.survey.gpu` must be 0, because the stage cannot use a GPU, but got 1.0; le"),
        ({"survey": "auto"}, "but got auto; leave it out"),
        ({"attack": 2.0}, r"`resources.attack.gpu` must be 1 at most, .*\(finetune, sample, compress\).* but got 2"),
        ({"evaluate": 0.5}, r"`resources.evaluate.gpu` must be 0 or 1, .* measures times, .* but got 0.5; give"),
        ({"evaluate": "auto"}, r"`resources.evaluate.gpu` must be 0 or 1, .* but got auto; give it a whole one"),
        ({"evaluate": 2.0}, r"`resources.evaluate.gpu` must be 1 at most"),
    ],
)  # fmt: skip
def test_a_gpu_that_is_of_no_use_is_refused(resources: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        on(**resources)


def test_finding_names_needs_a_gpu_only_where_a_language_model_is_asked() -> None:
    assert on(substitutes=0.5).resources_of("substitutes").gpu == 0.5
    with pytest.raises(
        SweepError, match=r"`resources.substitutes.gpu` must be 0, .* \(corpus_vocabulary\); leave it out"
    ):
        replace(on(substitutes=0.5), attacks=(MHM(),))
    assert replace(on(substitutes=0.5), attacks=()).attacks == ()


def test_what_trains_takes_several_gpus() -> None:
    sweep = on(finetune=2.0, sample=4.0, compress=8.0)
    assert [sweep.resources_of(stage).gpu for stage in ("finetune", "sample", "compress")] == [2, 4, 8]


def test_a_share_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text("name: a\nmodels: [scratch_roberta]\ntasks: [defect_detection]\nresources: {attack: {gpu: auto}}\n")
    assert load(path).resources_of("attack") == Resources(gpu="auto")
    with pytest.raises(SweepError, match=r"resources.attack.gpu: a number is expected, but got 'half'"):
        load(path, ["resources.attack.gpu=half"])


def test_processors_alone_hold_no_gpu() -> None:
    stages = {stage: Resources(cpu=0, gpu=1) for stage in STAGE_NAMES if stage != "survey"}
    settings = Settings.of(replace(SWEEP, resources=stages))
    shapes: dict[str, set[Shape]] = {}
    for call in expand(SWEEP).calls.values():
        shapes.setdefault(_kind(call), set()).add(settings.shape_of(call))
    without = {kind for kind, held in shapes.items() if held == {Shape(1, 0)}}
    assert without == {
        "survey-defect_detection",
        "substitutes-corpus_vocabulary",
        "compress-none",
        "compress-dynamic_quantization",
        "evaluate on processors",
        "attack on processors",
    }
    assert set().union(*(held for kind, held in shapes.items() if kind not in without)) == {Shape(0, 1)}


def _kind(call: StageCall) -> str:
    """A word for calls that should hold the same."""
    if not isinstance(call.stage, Attack | Evaluate):
        return f"{call.stage.name}-{call.stage.label()}"
    is_quantized = DynamicQuantization() in call.stage.cell.compression.in_order()
    return f"{call.stage.name} on {'processors' if is_quantized else 'GPUs'}"


def test_resources_change_no_key() -> None:
    assert set(expand(on(finetune=2.0, attack="auto")).calls) == set(expand(SWEEP).calls)
