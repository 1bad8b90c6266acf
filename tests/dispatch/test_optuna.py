"""A sweep's search, wired: real components, real plan and real rows; only the stages' work is made up."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

import robust_ray.plan
from robust_ray.attacks import MHM
from robust_ray.compression import MagnitudePruning
from robust_ray.core.call import Inputs
from robust_ray.core.machine import Machine
from robust_ray.core.records import EvaluationRecord, Record
from robust_ray.dispatch import Settings, serial
from robust_ray.dispatch.optuna import StudyFeed
from robust_ray.models import ScratchRoberta
from robust_ray.plan import expand
from robust_ray.stages import Attack, Compress, Evaluate, Finetune
from robust_ray.store import Store
from robust_ray.sweep import Bound, Objective, Search, Sweep
from robust_ray.tasks import CloneDetection, DefectDetection
from tests import fakes

SEARCH = Search(
    space={"magnitude_pruning": {"sparsity": {"low": 0.1, "high": 0.9}}, "dynamic_quantization": {}},
    objectives=(
        Objective(metric="clean_accuracy", direction="maximize"),
        Objective(metric="compressed_bytes", direction="minimize"),
    ),
    constraints=(Bound(metric="clean_accuracy", below_teacher=0.2),),
    trials=8,
)
SWEEP = Sweep(
    name="pareto", models=(ScratchRoberta(),), tasks=(DefectDetection(), CloneDetection()), seeds=(0, 1), search=SEARCH
)

ATTACKED = dataclasses.replace(SWEEP, attacks=(MHM(),))


def leave_a_file(self: object, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
    (workdir / "weights").write_text(key)
    return []


def evaluate(self: Evaluate, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
    """Accuracy falls with the square of the sparsity, size linearly; quantization is somewhere in between."""
    sparsity = getattr(self.cell.compression, "sparsity", 0.4 if self.cell.compression.type != "none" else 0.0)
    return [
        EvaluationRecord(
            **self.cell.columns(key, inputs.keys["student"][0]),
            split="test",
            n=100,
            truncated=0,
            noted=0,
            **fakes.NO_TEXTS,
            accuracy=0.9 - 0.5 * sparsity**2,
            precision=None,
            recall=None,
            f1=None,
            mcc=None,
            unigram_accuracy=None,
            rewritten=None,
            flips=None,
            parameters=1000,
            nonzero_parameters=1000,
            bytes=4000,
            compressed_bytes=round(4000 * (1 - sparsity)),
            loaded_bytes=4000,
            flops=2000,
            formula_flops=None,
            latency_p50=0.1,
            latency_p95=0.1,
            latency_tokens=1,
            throughput=1.0,
            batch_tokens=1,
            energy=None,
            peak_memory=None,
            device="none",
            threads=1,
            batch_invariant=True,
        )
    ]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty one, and stages that do next to nothing."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    monkeypatch.setattr(Finetune, "run", leave_a_file)
    monkeypatch.setattr(Compress, "run", leave_a_file)
    monkeypatch.setattr(Evaluate, "run", evaluate)
    return Store.open(str(tmp_path / "store"))


def test_a_search_joins_the_plan(store: Store) -> None:
    plan = expand(SWEEP)
    feed = StudyFeed(SWEEP, store)
    assert serial.run(plan.calls.values(), store, Settings(), feed=feed).ok
    assert plan.calls.keys() | feed.keys == store.present()
    fronts = feed.fronts()
    assert [(front.model, front.task) for front in fronts] == [
        ("scratch_roberta", "defect_detection"),
        ("scratch_roberta", "clone_detection"),
    ]
    for front in fronts:
        assert front.points
        for point in front.points:
            assert point.values[0] >= 0.7
            ((name, violation),) = point.constraints.items()
            assert name == "clean_accuracy below_teacher 0.2"
            assert violation == pytest.approx(0.7 - point.values[0])


def test_the_same_command_again_searches_no_further(store: Store) -> None:
    calls = expand(SWEEP).calls.values()
    serial.run(calls, store, Settings(), feed=StudyFeed(SWEEP, store))
    runs = len(store.runs())
    feed = StudyFeed(SWEEP, store)
    report = serial.run(calls, store, Settings(), feed=feed)
    assert sum(count.done for count in report.counts.values()) == 0
    assert len(store.runs()) == runs
    assert feed.keys <= store.present()
    assert all(front.points for front in feed.fronts())


def test_what_is_measured_otherwise_is_another_study(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[tuple[object, str, object]] = [
        (MagnitudePruning, "version", MagnitudePruning.version + 1),
        (Attack, "version", Attack.version + 1),
        (robust_ray.plan, "accelerator_name", lambda *, gpu: "another machine"),
    ]
    StudyFeed(ATTACKED, store)
    for owner, name, value in changes:
        monkeypatch.setattr(owner, name, value)
        StudyFeed(ATTACKED, store)
    assert len(list(Path(store.uri).glob("studies/pareto-scratch_roberta-defect_detection-*.journal"))) == 4
