"""What could not run is refused in one sentence; what can is let through."""

from __future__ import annotations

from typing import Any

import pytest

from robust_ray.attacks import MHM
from robust_ray.core.errors import SweepError
from robust_ray.fidelity import PredictionAgreement
from robust_ray.models import ScratchRoberta
from robust_ray.search import check
from robust_ray.sweep import Examples, Sweep
from robust_ray.tasks import DefectDetection, Summarization, Task
from tests.search.spaces import search


def test_a_sound_search_passes() -> None:
    check(search(), "sweep: search", tasks=[DefectDetection()], attacks=[MHM()])


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
        (
            {"objectives": [{"metric": "violation", "direction": "minimize"}]},
            "measured by relations, but the sweep has",
        ),
        ({"objectives": [{"metric": "bytes", "attack": "mhm", "direction": "minimize"}]}, "knows no attack, but got"),
        (
            {"objectives": [{"metric": "robust_accuracy", "attack": "alert", "direction": "maximize"}]},
            "no attack 'alert'; .*mhm",
        ),
        ({"sampler": "nsga"}, "'nsgaiii'"),
        ({"over_tasks": "best"}, "one of 'each', 'mean', 'worst'"),
        (
            {
                "space": {
                    "p": [
                        {"choices": ["none", {"type": "low_rank", "ratio": {"low": 0.1, "high": 1.5}}]},
                        "distillation",
                    ]
                }
            },
            r"space\.p.*ratio",
        ),
    ],
)
def test_what_could_not_run_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        check(search(**changes), "sweep: search", tasks=[DefectDetection()], attacks=[MHM()])


def test_a_metric_of_attacks_needs_attacks() -> None:
    with pytest.raises(SweepError, match="the sweep has none"):
        check(search(), "sweep: search", tasks=[DefectDetection()])


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
        check(search(**changes), "sweep: search", tasks=[task], attacks=[MHM()])


def test_a_student_may_not_be_bounded_below_its_teacher_where_less_is_better() -> None:
    bounds = {"constraints": [{"metric": "latency", "below_teacher": 0.05}]}
    with pytest.raises(SweepError, match=r"of which more is better, but got 'latency'; bound it with `at_most`"):
        check(search(**bounds), "sweep: search", tasks=[DefectDetection()], attacks=[MHM()])


def test_a_search_suits_every_model() -> None:
    space = {"layer_pruning": {"sparsity": {"low": 0.5, "high": 0.9}}}
    with pytest.raises(SweepError, match=r"search\.space\.layer_pruning: .*layers"):
        check(
            search(space=space),
            "sweep: search",
            tasks=[DefectDetection()],
            models=[ScratchRoberta(layers=1)],
            attacks=[MHM()],
        )


def test_fields_that_are_fine_alone_need_not_be_so_together() -> None:
    """A second pruning of the same weights must ask for more than the first: some of this space cannot be built."""
    pruning = {"type": "magnitude_pruning", "scope": "linear"}
    twice = [pruning | {"sparsity": {"low": 0.2, "high": 0.6}}, pruning | {"sparsity": {"low": 0.4, "high": 0.8}}]
    check(search(space={"twice": twice}), "search", tasks=[DefectDetection()], attacks=[MHM()])


def test_one_attack_and_one_relation_may_be_meant() -> None:
    objectives = [
        {"metric": "robust_accuracy", "attack": "mhm", "direction": "maximize"},
        {"metric": "violation_under_attack", "relation": "prediction_agreement", "direction": "minimize"},
    ]
    check(
        search(objectives=objectives),
        "search",
        tasks=[DefectDetection()],
        attacks=[MHM()],
        relations=[PredictionAgreement()],
    )


def test_rungs_need_attacks() -> None:
    sizes = [{"metric": "bytes", "direction": "minimize"}]
    with pytest.raises(SweepError, match="`rungs` are numbers of attacked examples, but the sweep has no attacks"):
        check(search(objectives=sizes, rungs=[25]), "search", tasks=[DefectDetection()])


@pytest.mark.parametrize("rungs", [[0], [30], [50, 50], [100], [75, 50]])
def test_rungs_rise_by_whole_shards_to_all_examples(rungs: list[int]) -> None:
    with pytest.raises(SweepError, match=r"search\.rungs: multiples of `examples.shard` \(25\)"):
        sweep(rungs)
    assert sweep([25, 75]).search is not None


def sweep(rungs: list[int]) -> Sweep:
    return Sweep(
        name="rungs",
        models=(ScratchRoberta(),),
        tasks=(DefectDetection(),),
        attacks=(MHM(),),
        examples=Examples(attack=100, shard=25),
        search=search(rungs=rungs),
    )
