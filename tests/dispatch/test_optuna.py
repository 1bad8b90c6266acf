"""A sweep's search, wired: real components, real plan and real rows; only the stages' work is made up."""

from __future__ import annotations

import dataclasses
import io
import itertools
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.trial import FrozenTrial
from rich.console import Console

import robust_ray.sweep
from analysis import pareto
from analysis.load import load
from robust_ray.attacks import MHM
from robust_ray.compression import Compression, DynamicQuantization, MagnitudePruning, NoCompression
from robust_ray.core.build import build
from robust_ray.core.call import Inputs
from robust_ray.core.machine import Machine
from robust_ray.core.records import EvaluationRecord, Record, Verdict
from robust_ray.dispatch import Settings, serial
from robust_ray.dispatch.optuna import StudyFeed
from robust_ray.dispatch.study import OpenStudy
from robust_ray.models import ScratchRoberta
from robust_ray.plan import Plan, Proposal, expand
from robust_ray.runner import run
from robust_ray.search import Bound, Objective, Search
from robust_ray.stages import Attack, CollectSubstitutes, Compress, Evaluate, Finetune
from robust_ray.store import Store
from robust_ray.sweep import Examples, Sweep
from robust_ray.tasks import CloneDetection, DefectDetection
from tests import fakes
from tests.analysis import synthetic

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
    assert [(front.model, front.tasks) for front in fronts] == [
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
        (robust_ray.sweep, "accelerator_name", lambda *, gpu: "another machine"),
    ]
    StudyFeed(ATTACKED, store)
    for owner, name, value in changes:
        monkeypatch.setattr(owner, name, value)
        StudyFeed(ATTACKED, store)
    assert len(list(Path(store.uri).glob("studies/pareto-scratch_roberta-defect_detection-*.journal"))) == 4


def attack(self: Attack, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
    """The more is pruned, the more examples fall; every other task is twice as hard."""
    sparsity = getattr(self.cell.compression, "sparsity", 0.4 if self.cell.compression.type != "none" else 0.1)
    hard = self.cell.task.type == "clone_detection"
    rows = []
    for i in range(self.start, self.stop):
        falls = (7 * i) % 20 < 20 * sparsity * (1 if hard else 0.5)
        verdict = Verdict.SUCCEEDED if falls else Verdict.FAILED
        row = synthetic.attack("none", "mhm", i, verdict)
        named = self.cell.columns(key, inputs.keys["student"][0])
        rows.append(dataclasses.replace(row, uid=f"example-{i:03d}", attack=self.attack.type, **named))
    return rows


RUNGS = dataclasses.replace(
    ATTACKED,
    seeds=(0,),
    tasks=(DefectDetection(),),
    examples=Examples(attack=80, shard=20),
    search=dataclasses.replace(
        SEARCH,
        objectives=(
            Objective(metric="robust_accuracy", direction="maximize"),
            Objective(metric="compressed_bytes", direction="minimize"),
        ),
        constraints=(Bound(metric="clean_accuracy", below_teacher=0.3),),
        rungs=(20, 40),
        trials=16,
        max_concurrent=1,
        sampler="random",
    ),
)


def searched(sweep: Sweep, store: Store) -> StudyFeed:
    feed = StudyFeed(sweep, store)
    assert serial.run(expand(sweep).calls.values(), store, Settings(), feed=feed).ok
    return feed


def test_rungs_attack_only_what_is_worth_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attack, "run", attack)
    monkeypatch.setattr(CollectSubstitutes, "run", lambda *args: [])
    feed = searched(RUNGS, store)
    (study,) = feed._studies
    examples = [trial.user_attrs["examples"] for trial in proposals(study)]
    assert set(examples) == {20, 40, 80} or set(examples) == {20, 80}
    attacks = Counter(store.table("attacks").table["student"].to_pylist())
    assert set(attacks.values()) <= {20, 40, 80}
    assert feed.keys | expand(RUNGS).calls.keys() == store.present()
    for point in feed.fronts()[0].points:
        ends, of_size = point.intervals
        assert ends is not None
        assert ends[0] < point.values[0] < ends[1]
        assert of_size is None
        assert restored(point.settings).type in {"magnitude_pruning", "dynamic_quantization"}
    store.put_plan(RUNGS.name, {"sweep": RUNGS.name, "keys": sorted(store.present())})
    offline = pareto.points(load(store.uri, RUNGS.name))
    assert set(offline.loc[offline["on_front"], "n"]) == {80}
    assert set(offline["n"]) == {int(n) for n in set(attacks.values())}


def proposals(study: OpenStudy) -> list[FrozenTrial]:
    """All but those that an earlier one was the same as."""
    return [trial for trial in study.study.trials if "repeats" not in trial.user_attrs]


def restored(settings: str) -> Compression:
    return build(Compression, yaml.safe_load(settings), "the table at the end")


def test_what_was_measured_before_is_told_for_free(store: Store) -> None:
    earlier = [{trial.values[1] for trial in proposals(study)} for study in searched(SWEEP, store)._studies]
    runs = len(store.runs())
    other = dataclasses.replace(SWEEP, name="other", search=dataclasses.replace(SEARCH, sampler="nsgaii", trials=1))
    for study, values in zip(searched(other, store)._studies, earlier, strict=True):
        known = [trial for trial in study.study.trials if "known" in trial.user_attrs]
        assert {trial.values[1] for trial in known} == values
        assert len(proposals(study)) == len(known) + 1
    assert len(store.runs()) - runs <= 2 * 2 * 2 * 2, "one proposal for each task, over two seeds: made and measured"


def test_what_a_study_has_already_is_not_planned_once_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """To find out whether a point is whole in the store takes milliseconds, and a store holds thousands."""
    searched(SWEEP, store)
    planned: list[Compression] = []

    def counted(sweep: Sweep, proposals: Sequence[Proposal]) -> Plan:
        planned.extend(each.compression for each in proposals)
        return plan_of(sweep, proposals)

    plan_of = robust_ray.plan.plan_of
    monkeypatch.setattr("robust_ray.dispatch.optuna.plan_of", counted)
    StudyFeed(SWEEP, store)
    assert planned == [NoCompression()] * 2 * 2, "the teacher of each study, over two seeds"


def test_what_the_sweep_lists_anyway_is_no_proposal(store: Store) -> None:
    listed = (MagnitudePruning(sparsity=0.5), MagnitudePruning(sparsity=0.95), DynamicQuantization())
    (study, _) = searched(dataclasses.replace(SWEEP, compressions=listed), store)._studies
    known = [trial.params for trial in study.study.trials if "known" in trial.user_attrs]
    assert known == [
        {"compression": "magnitude_pruning", "magnitude_pruning.sparsity": 0.5},
        {"compression": "dynamic_quantization"},
    ]
    assert len(proposals(study)) == SEARCH.trials + 2


def test_what_an_interrupted_search_has_measured_is_part_of_its_sweep(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = dataclasses.replace(SWEEP, store=store.uri, tasks=(DefectDetection(data="embedded"),))
    console, evaluated = Console(file=io.StringIO()), itertools.count(1)

    def evaluate_nine(self: Evaluate, *args: Any) -> Sequence[Record]:
        if next(evaluated) == 10:
            signal.raise_signal(signal.SIGINT)
        return evaluate(self, *args)

    monkeypatch.setattr(Evaluate, "run", evaluate_nine)
    assert run(sweep, on="serial", address=None, console=console) == 130
    partly = set(store.planned(sweep.name))
    assert expand(sweep).calls.keys() < partly <= store.present()
    assert run(sweep, on="serial", address=None, console=console) == 0
    assert partly < set(store.planned(sweep.name)) == store.present()


@pytest.mark.parametrize("over", ["mean", "worst"])
def test_one_study_over_all_tasks(over: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attack, "run", attack)
    monkeypatch.setattr(CollectSubstitutes, "run", lambda *args: [])
    search = dataclasses.replace(RUNGS.search, over_tasks=over, trials=4, rungs=())  # type: ignore[type-var]
    sweep = dataclasses.replace(RUNGS, tasks=SWEEP.tasks, search=search)
    (front,) = searched(sweep, store).fronts()
    assert front.tasks == f"{over} of defect_detection, clone_detection"
    for point in front.points:
        compression = restored(point.settings)
        sparsity = getattr(compression, "sparsity", 0.4)
        easy, hard = (sum((7 * i) % 20 >= 20 * sparsity * part for i in range(80)) / 80 for part in (0.5, 1))
        assert point.values[0] == pytest.approx(hard if over == "worst" else (easy + hard) / 2)
