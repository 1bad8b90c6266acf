"""Points of a space: branches, pipelines, choices with parameters of their own."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.trial import FixedTrial

from robust_ray.core.errors import SweepError
from robust_ray.search import check, compressions, suggest
from robust_ray.tasks import DefectDetection
from tests.search.spaces import SEVERAL, Highest, search

TASKS = [DefectDetection()]
SIZES = [{"metric": "bytes", "direction": "minimize"}]
PIPELINE: dict[str, Any] = {
    "pipeline": {"steps": [{"type": "low_rank", "ratio": {"low": 0.2, "high": 0.6}}, "dynamic_quantization"]}
}


def test_only_the_fields_of_the_chosen_compression_are_asked_for() -> None:
    trial = Highest("magnitude_pruning")
    assert suggest(trial, search()) == {"type": "magnitude_pruning", "sparsity": 0.9, "scope": "all"}
    assert trial.asked == ["compression", "magnitude_pruning.scope", "magnitude_pruning.sparsity"]


@pytest.mark.parametrize("sampler", ["nsgaii", "nsgaiii", "gp"])
def test_samplers_without_branches_are_asked_for_everything(sampler: str) -> None:
    trial = Highest("magnitude_pruning")
    point = suggest(trial, search(sampler=sampler))
    assert point == suggest(Highest("magnitude_pruning"), search())
    assert {"distillation.temperature", "distillation.student.layers", "magnitude_pruning.sparsity"} <= set(trial.asked)


def test_a_component_inside_a_space_is_chosen_field_by_field() -> None:
    student = {"type": "scratch_roberta", "layers": 2, "hidden": 64, "heads": 2}
    assert suggest(Highest("distillation"), search()) == {
        "type": "distillation",
        "student": student,
        "temperature": 8.0,
    }


def test_steps_of_a_pipeline_are_chosen_field_by_field() -> None:
    trial = Highest("pipeline")
    steps = [{"type": "low_rank", "ratio": 0.6}, "dynamic_quantization"]
    assert suggest(trial, search(space=PIPELINE)) == {"type": "pipeline", "steps": steps}
    assert trial.asked == ["pipeline.steps[0].ratio"]
    check(search(space=PIPELINE, objectives=SIZES), "sweep: search", tasks=TASKS)


class Given(Highest):
    """A trial that chooses steps by label."""

    def __init__(self, compression: str, *labels: str) -> None:
        super().__init__(compression)
        self.labels = list(labels)

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        if name == "compression":
            return self.compression
        self.asked.append(name)
        return self.labels.pop(0)


def test_branches_have_names_and_a_list_is_a_pipeline() -> None:
    trial = Given("prune_and_quantize", "low_rank", "dynamic_quantization")
    assert suggest(trial, search(space=SEVERAL)) == {
        "type": "pipeline",
        "steps": [
            {"type": "low_rank", "ratio": 0.6},
            {"type": "magnitude_pruning", "sparsity": 0.8},
            "dynamic_quantization",
        ],
    }
    assert trial.asked == [
        "prune_and_quantize.steps[0]",
        "prune_and_quantize.steps[0].low_rank.ratio",
        "prune_and_quantize.steps[1].sparsity",
        "prune_and_quantize.steps[2]",
    ]
    assert suggest(Highest("share"), search(space=SEVERAL)) == {"type": "weight_sharing", "clusters": 64}
    check(search(space=SEVERAL, objectives=SIZES), "sweep: search", tasks=TASKS)


def test_steps_that_are_none_are_left_out() -> None:
    one = suggest(Given("prune_and_quantize", "none", "none"), search(space=SEVERAL))
    assert one == {"type": "magnitude_pruning", "sparsity": 0.8}
    two = suggest(Given("prune_and_quantize", "none", "dynamic_quantization"), search(space=SEVERAL))
    assert two["steps"] == [{"type": "magnitude_pruning", "sparsity": 0.8}, {"type": "dynamic_quantization"}]
    nothing = {"maybe": [{"choices": ["none", "dynamic_quantization"]}]}
    assert suggest(Given("maybe", "none"), search(space=nothing)) == {"type": "none"}


def test_choices_of_one_type_are_told_apart_by_number() -> None:
    either = [{"type": "low_rank", "ratio": 0.5}, {"type": "low_rank", "ratio": 0.25}]
    space = {"pipeline": {"steps": [{"choices": either}, "dynamic_quantization"]}}
    chosen = suggest(Given("pipeline", "low_rank 2"), search(space=space))
    assert chosen["steps"][0] == either[1]


def test_a_mapping_inside_a_space_is_chosen_field_by_field() -> None:
    space = {"distillation": {"augmentation": {"copies": {"low": 1, "high": 3}, "rewrites": 0}}}
    trial = Highest("distillation")
    chosen = suggest(trial, search(space=space))
    assert chosen == {"type": "distillation", "augmentation": {"copies": 3, "rewrites": 0}}
    assert trial.asked == ["distillation.augmentation.copies"]
    check(search(space=space, objectives=SIZES), "sweep: search", tasks=TASKS)


def test_all_that_a_space_compresses_with_is_known() -> None:
    either = {"steps": [{"choices": ["distillation", "none"]}, {"type": {"choices": ["weight_sharing", "low_rank"]}}]}
    every = {"pipeline", "distillation", "none", "weight_sharing", "low_rank"}
    assert compressions(search(space={"pipeline": either})) == every
    assert compressions(search()) == {"magnitude_pruning", "distillation", "dynamic_quantization"}
    named = {"pipeline", "none", "low_rank", "distillation", "magnitude_pruning", "dynamic_quantization"}
    assert compressions(search(space=SEVERAL)) == named | {"weight_sharing"}


def test_a_branch_is_a_mapping_or_a_list() -> None:
    with pytest.raises(SweepError, match=r"a mapping of fields or a list of steps must stand here, but got 0\.5"):
        suggest(Highest("magnitude_pruning"), search(space={"magnitude_pruning": 0.5}))


def test_steps_are_the_numbers_a_file_would_hold() -> None:
    trial = FixedTrial({"magnitude_pruning.sparsity": 0.2 + 0.1})
    space = {"magnitude_pruning": {"sparsity": {"low": 0.2, "high": 0.8, "step": 0.1}}}
    assert suggest(trial, search(space=space)) == {"type": "magnitude_pruning", "sparsity": 0.3}
