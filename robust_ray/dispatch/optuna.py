"""A sweep's search as a feed: one study for each model and task, from proposals to calls and from rows to numbers."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from optuna.trial import BaseTrial

from robust_ray.compression import COMPRESSIONS, Compression, NoCompression
from robust_ray.core.build import build
from robust_ray.core.call import StageCall
from robust_ray.core.identity import digest
from robust_ray.core.records import AttackRecord, EvaluationRecord
from robust_ray.dispatch.attempt import read_rows
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.study import Measurement, OpenStudy, Point
from robust_ray.models import CodeModel
from robust_ray.plan import Proposal, plan_of
from robust_ray.search import Rows, compressions, measure, suggest
from robust_ray.store import Store
from robust_ray.sweep import Search, Sweep
from robust_ray.tasks import Task


class Front(NamedTuple):
    """What a search has found for one model on one task."""

    model: str
    task: str
    points: list[Point]
    """Feasible proposals that no other beats, best in the first objective first."""


class StudyFeed:
    """The studies of a sweep's search, one after another in the order of its models and tasks."""

    def __init__(self, sweep: Sweep, store: Store) -> None:
        """Open the studies, or take them up again.

        Raises:
            StoreError: the store is remote; a study needs a disk.
        """
        assert sweep.search is not None  # a sweep without a search has no feed
        search = sweep.search
        self._places = [(model, task) for task in sweep.tasks for model in sweep.models]
        self._studies = [
            OpenStudy(
                store.local_path("studies", f"{_name(sweep, search, model, task)}.journal"),
                search,
                partial(_propose, sweep, search, model, task, store),
            )
            for model, task in self._places
        ]

    def advance(self, frontier: Frontier) -> None:
        """Let every study tell and ask."""
        for study in self._studies:
            study.advance(frontier)

    @property
    def keys(self) -> set[str]:
        """Keys of the calls of all proposals that have ended: what a search adds to its sweep's plan."""
        return {key for study in self._studies for key in study.ended_keys()}

    def fronts(self) -> list[Front]:
        """What was found, by model and task."""
        pairs = zip(self._places, self._studies, strict=True)
        return [Front(model.type, task.type, study.front()) for (model, task), study in pairs]


def _name(sweep: Sweep, search: Search, model: CodeModel, task: Task) -> str:
    """Of a study. Whatever decides a measurement is in it: proposals measured differently cannot be compared.

    The keys of the teacher's own measurement stand for the data, the training, the attacks, the code of every stage,
    and the machine that latencies are taken on.
    """
    decides = {
        "space": search.space,
        "objectives": search.objectives,
        "constraints": search.constraints,
        "versions": {name: COMPRESSIONS[name].version for name in compressions(search)},
        "teacher": list(plan_of(sweep, [Proposal(model, task, NoCompression(), seed) for seed in sweep.seeds]).calls),
    }
    return f"{sweep.name}-{model.type}-{task.type}-{digest(decides)}"


def _propose(sweep: Sweep, search: Search, model: CodeModel, task: Task, store: Store, trial: BaseTrial) -> Measurement:
    """The measurement of a trial's point over the sweep's seeds, beside the teacher it is bounded by."""
    compression = build(Compression, suggest(trial, search), f"{sweep.name}: search.space")
    both = [compression, NoCompression()]
    proposals = [Proposal(model, task, each, seed) for seed in sweep.seeds for each in both]
    calls = list(plan_of(sweep, proposals).calls.values())

    def read() -> tuple[tuple[float, ...], dict[str, float]]:
        student, teacher = (_rows(calls, each, store) for each in both)
        return measure(student, search, teacher)

    return Measurement(calls, read)


def _rows(calls: list[StageCall], compression: Compression, store: Store) -> Rows:
    """What the calls have measured of one compression."""
    tables = (EvaluationRecord.table, AttackRecord.table)
    rows = [row for call in calls if call.stage.table in tables for row in read_rows(store, call.ref)]
    return Rows(
        [row for row in rows if isinstance(row, EvaluationRecord) and row.compression == compression.type],
        [row for row in rows if isinstance(row, AttackRecord) and row.compression == compression.type],
    )
