"""The search without Optuna: points of a space, numbers of rows, and refusals."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from robust_ray.core.build import build_dataclass
from robust_ray.core.errors import SweepError
from robust_ray.core.records import Verdict
from robust_ray.models import ScratchRoberta
from robust_ray.search import METRICS, Rows, check, compressions, measure, suggest
from robust_ray.sweep import Search
from robust_ray.tasks import DefectDetection, Summarization, Task
from tests.analysis import synthetic

SEARCH: dict[str, Any] = {
    "space": {
        "magnitude_pruning": {"sparsity": {"low": 0.1, "high": 0.9}, "scope": {"choices": ["linear", "all"]}},
        "distillation": {
            "student": {"type": "scratch_roberta", "layers": {"low": 1, "high": 2}, "hidden": 64, "heads": 2},
            "temperature": {"low": 1.0, "high": 8.0, "log": True},
        },
        "dynamic_quantization": {},
    },
    "objectives": [
        {"metric": "robust_accuracy", "direction": "maximize"},
        {"metric": "bytes", "direction": "minimize"},
    ],
    "constraints": [{"metric": "clean_accuracy", "below_teacher": 0.05}],
}


class Highest:
    """A trial that takes the last or largest of everything."""

    def __init__(self, compression: str) -> None:
        self.compression = compression
        self.asked: list[str] = []

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.asked.append(name)
        return self.compression if name == "compression" else choices[-1]

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        self.asked.append(name)
        return high

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        self.asked.append(name)
        return high


def search(**changes: Any) -> Search:
    return build_dataclass(Search, SEARCH | changes, "search", "a search")


def test_only_the_fields_of_the_chosen_compression_are_asked_for() -> None:
    trial = Highest("magnitude_pruning")
    assert suggest(trial, search()) == {"type": "magnitude_pruning", "sparsity": 0.9, "scope": "all"}
    assert trial.asked == ["compression", "magnitude_pruning.scope", "magnitude_pruning.sparsity"]


def test_a_component_inside_a_space_is_chosen_field_by_field() -> None:
    student = {"type": "scratch_roberta", "layers": 2, "hidden": 64, "heads": 2}
    assert suggest(Highest("distillation"), search()) == {
        "type": "distillation",
        "student": student,
        "temperature": 8.0,
    }


PIPELINE: dict[str, Any] = {
    "pipeline": {"steps": [{"type": "low_rank", "ratio": {"low": 0.2, "high": 0.6}}, "dynamic_quantization"]}
}


def test_steps_of_a_pipeline_are_chosen_field_by_field() -> None:
    trial = Highest("pipeline")
    steps = [{"type": "low_rank", "ratio": 0.6}, "dynamic_quantization"]
    assert suggest(trial, search(space=PIPELINE)) == {"type": "pipeline", "steps": steps}
    assert trial.asked == ["pipeline.steps[0].ratio"]
    check(search(space=PIPELINE), "sweep: search", tasks=[DefectDetection()], attacked=True)


def test_a_mapping_inside_a_space_is_chosen_field_by_field() -> None:
    space = {"distillation": {"augmentation": {"copies": {"low": 1, "high": 3}, "rewrites": 0}}}
    trial = Highest("distillation")
    chosen = suggest(trial, search(space=space))
    assert chosen == {"type": "distillation", "augmentation": {"copies": 3, "rewrites": 0}}
    assert trial.asked == ["distillation.augmentation.copies"]
    check(search(space=space), "sweep: search", tasks=[DefectDetection()], attacked=True)


def test_all_that_a_space_compresses_with_is_known() -> None:
    either = {"steps": [{"choices": ["distillation", "none"]}, {"type": {"choices": ["weight_sharing", "low_rank"]}}]}
    every = {"pipeline", "distillation", "none", "weight_sharing", "low_rank"}
    assert compressions(search(space={"pipeline": either})) == every
    assert compressions(search()) == {"magnitude_pruning", "distillation", "dynamic_quantization"}
    assert compressions(search(space=PIPELINE)) == {"pipeline", "low_rank", "dynamic_quantization"}


def test_a_sound_search_passes() -> None:
    check(search(), "sweep: search", tasks=[DefectDetection()], attacked=True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"objectives": [{"metric": "byte", "direction": "minimize"}]}, "did you mean 'bytes'"),
        ({"constraints": [{"metric": "clean", "at_least": 0.5}]}, "metric 'clean' does not exist"),
        ({"space": {"pruning": {}}}, "compression 'pruning' does not exist"),
        ({"space": {"magnitude_pruning": {"sparsty": 0.5}}}, "did you mean 'sparsity'"),
        ({"space": {"magnitude_pruning": {"sparsity": {"low": 0.9, "high": 0.1}}}}, "low < high"),
        (
            {"space": {"magnitude_pruning": {"sparsity": {"from": 0.1, "to": 0.9}}}},
            "sparsity: a finite number is expected",
        ),
        ({"space": {"magnitude_pruning": {"sparsity": {"choices": []}}}}, "must stand here"),
        ({"space": {"magnitude_pruning": {"sparsity": {"low": 0.1, "hihg": 0.9}}}}, "must stand here"),
        ({"space": {"distillation": {"augmentation": {"copeis": {"low": 1, "high": 2}}}}}, "did you mean 'copies'"),
        ({"space": {"magnitude_pruning": {"sparsity": {"low": 0.1, "high": 1.5}}}}, "sparsity"),
        ({"space": {"magnitude_pruning": {"sparsity": 0.5, "scope": {"choices": ["linear", "al"]}}}}, "'al'"),
        ({"space": {"magnitude_pruning": {"sparsity": {"low": 0.1, "high": 0.9, "step": -0.1}}}}, "`step` must be"),
        ({"space": {"distillation": {"epochs": {"low": 1, "high": 9, "step": 0.5}}}}, "a whole number above 0"),
        (
            {"space": {"magnitude_pruning": {"sparsity": {"low": 0.1, "high": 0.9, "step": 0.1, "log": True}}}},
            "no `step`",
        ),
        (
            {"space": {"pipeline": {"steps": ["dynamic_quantization", {"type": "low_rank", "ratio": 0.5}]}}},
            r"space\.pipeline: `steps\[1\]`, 'low_rank', must find weights .* put 'low_rank' before",
        ),
        (
            {"space": {"pipeline": {"steps": ["distillation", {"type": "low_rank", "ratio": {"low": 1}}]}}},
            "must stand",
        ),
        ({"space": {}}, "at least one compression"),
        ({"objectives": []}, "at least one metric"),
        ({"trials": 0}, "trials >= 1"),
        ({"constraints": [{"metric": "bytes"}]}, "exactly one of"),
    ],
)
def test_what_could_not_run_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        check(search(**changes), "sweep: search", tasks=[DefectDetection()], attacked=True)


def rows(accuracy: float, verdicts: Sequence[tuple[str, int, Verdict]]) -> Rows:
    """One evaluation, and an attack row for each (attack, example, verdict)."""
    attacks = [synthetic.attack("none", recipe, index, verdict) for recipe, index, verdict in verdicts]
    return Rows([synthetic.evaluation("none", accuracy=accuracy, bytes=1000)], attacks)


def test_values_come_in_order_and_constraints_are_feasible_at_most_zero() -> None:
    student = rows(0.80, [("mhm", 0, Verdict.FAILED), ("mhm", 1, Verdict.SUCCEEDED)])
    values, constraints = measure(student, search(), teacher=rows(0.90, []))
    assert values == (0.5, 1000.0)
    assert constraints == {"clean_accuracy below_teacher 0.05": pytest.approx(0.05)}


def test_robust_means_right_under_every_attack() -> None:
    both = rows(0.9, [(attack, i, Verdict.FAILED) for attack in synthetic.ATTACKS for i in range(4)])
    one_falls = dataclasses.replace(both.attacks[0], verdict=Verdict.SUCCEEDED)
    assert METRICS["robust_accuracy"](both) == 1.0
    assert METRICS["robust_accuracy"](both._replace(attacks=[one_falls, *both.attacks[1:]])) == 0.75


def test_what_was_not_measured_fails_the_proposal() -> None:
    with pytest.raises(ValueError, match="'robust_accuracy' could not be measured"):
        measure(rows(0.9, []), search(), teacher=rows(0.9, []))


def test_a_metric_of_attacks_needs_attacks() -> None:
    with pytest.raises(SweepError, match="the sweep has none"):
        check(search(), "sweep: search", tasks=[DefectDetection()], attacked=False)


@pytest.mark.parametrize(
    ("task", "changes", "sentence"),
    [
        (Summarization(), {}, "'clean_accuracy' is not measured on the task 'summarization', but 'bleu' is"),
        (
            DefectDetection(),
            {"constraints": [{"metric": "bleu", "at_least": 0.1}]},
            "'bleu' is not measured on the task 'defect_detection', but 'clean_accuracy' is",
        ),
        (
            Summarization(),
            {
                "space": {"distillation": {"alpha": {"low": 0.0, "high": 0.5}}},
                "constraints": [{"metric": "bleu", "below_teacher": 0.05}],
            },
            "search.space.distillation: distillation learns texts from the teacher alone",
        ),
    ],
)
def test_a_search_suits_every_task(task: Task, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        check(search(**changes), "sweep: search", tasks=[task], attacked=True)


def test_a_search_suits_every_model() -> None:
    space = {"layer_pruning": {"sparsity": {"low": 0.5, "high": 0.9}}}
    with pytest.raises(SweepError, match=r"search\.space\.layer_pruning: .*layers"):
        check(
            search(space=space),
            "sweep: search",
            tasks=[DefectDetection()],
            models=[ScratchRoberta(layers=1)],
            attacked=True,
        )
