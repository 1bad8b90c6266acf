"""A sweep's search as a feed: one study for each model and task, from proposals to calls and from rows to numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import yaml
from optuna.trial import BaseTrial

from robust_ray.compression import COMPRESSIONS, Compression, NoCompression
from robust_ray.core.build import build
from robust_ray.core.call import StageCall
from robust_ray.core.identity import digest
from robust_ray.core.records import AttackRecord, EvaluationRecord, FidelityRecord
from robust_ray.dispatch.asking import Known
from robust_ray.dispatch.attempt import read_rows
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.proposals import Measurement, Point, Rung, Tally, tally
from robust_ray.dispatch.study import OpenStudy
from robust_ray.models import CodeModel
from robust_ray.plan import Proposal, plan_of
from robust_ray.search import METRICS, Pair, Reading, Rows, Search, compressions, locate, measure, restore, suggest
from robust_ray.search.rungs import CONFIDENCE
from robust_ray.store import Journal, Store
from robust_ray.sweep import Sweep
from robust_ray.tasks import Task

Calls = list[StageCall]


class Front(NamedTuple):
    """What a search has found for one model."""

    model: str
    tasks: str
    """In words."""

    points: list[Point]
    """Feasible proposals that no other beats, best in the first objective first."""

    given_up: list[str]
    """Why each of the proposals that could not be measured could not."""


class Searched(NamedTuple):
    """How far the search for one model is."""

    model: str
    tasks: str
    """In words."""

    tally: Tally

    has_ended: bool
    """Whether it has nothing left to measure or to propose."""


class Place(NamedTuple):
    """What a study is about."""

    model: CodeModel
    tasks: tuple[Task, ...]

    def words(self, search: Search) -> str:
        """Its tasks."""
        over = "" if search.over_tasks == "each" else f"{search.over_tasks} of "
        return over + ", ".join(task.type for task in self.tasks)


class StudyFeed:
    """The studies of a sweep's search, one after another in the order of its tasks and models."""

    def __init__(self, sweep: Sweep, store: Store) -> None:
        """Open the studies, or take them up again.

        Raises:
            StoreError: another driver is at one of them.
        """
        assert sweep.search is not None  # a sweep without a search has no feed
        self._search = sweep.search
        self._places = _places(sweep, sweep.search)
        self._studies: list[OpenStudy] = []
        stored = _Stored.of(store)
        with ExitStack() as opened:
            for place in self._places:
                subject = _Subject(sweep, sweep.search, place, store)
                study = OpenStudy(subject.journal(), subject.search, subject.propose, subject.known(stored))
                opened.callback(study.close)
                self._studies.append(study)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Let others have the studies."""
        self._opened.close()

    def advance(self, frontier: Frontier) -> None:
        """Let every study tell and ask."""
        for study in self._studies:
            study.advance(frontier)

    @property
    def keys(self) -> set[str]:
        """Keys of the calls of all proposals that have ended: what a search adds to its sweep's plan."""
        return {key for study in self._studies for key in study.ended_keys()}

    def fronts(self) -> list[Front]:
        """What was found, by model and tasks."""
        pairs = zip(self._places, self._studies, strict=True)
        return [
            Front(place.model.type, place.words(self._search), study.front(), study.given_up())
            for place, study in pairs
        ]


def progress(sweep: Sweep, store: Store) -> list[Searched]:
    """How far each study of a sweep's search is, seen from beside the driver that is at it."""
    search = sweep.search
    if search is None:
        return []
    found = []
    for place in _places(sweep, search):
        made = tally(_Subject(sweep, search, place, store).journal())
        found.append(Searched(place.model.type, place.words(search), made, made.has_ended(search.trials)))
    return found


def _places(sweep: Sweep, search: Search) -> list[Place]:
    """What each study is about, in the order of the sweep's tasks and models."""
    tasks = [(task,) for task in sweep.tasks] if search.over_tasks == "each" else [sweep.tasks]
    return [Place(model, each) for each in tasks for model in sweep.models]


class _Stored(NamedTuple):
    """What a store holds already."""

    keys: set[str]

    compressions: dict[str, list[Compression]]
    """Model → those that its students have been evaluated with."""

    @classmethod
    def of(cls, store: Store) -> _Stored:
        columns = ["model", "compression", "compression_params"]
        rows = store.table(EvaluationRecord.table, columns=columns).table.to_pylist()
        found: dict[str, list[Compression]] = {}
        for model, name, params in sorted({tuple(row[column] for column in columns) for row in rows}):
            compression = restore(name, params)
            if compression is not None:
                found.setdefault(model, []).append(compression)
        return cls(store.present(), found)


class _Subject:
    """What one study measures, and how."""

    def __init__(self, sweep: Sweep, search: Search, place: Place, store: Store) -> None:
        self.search = search
        self.store = store
        self._name = sweep.name
        self._place = place
        self._listed = sweep.compressions
        self._teachers: dict[int, list[Calls]] = {}
        steps = (*search.rungs, sweep.examples.attack)
        self._rungs = [
            replace(sweep, search=None, examples=replace(sweep.examples, attack=examples)) for examples in steps
        ]

    def journal(self) -> Journal:
        """Of the study."""
        return self.store.journal(self.name())

    def name(self) -> str:
        """Of the study. Whatever decides a measurement is in it: proposals measured differently cannot be compared.

        The keys of the teacher's own measurement stand for the data, the training, the attacks, the code of every
        stage, and the machine that latencies are taken on. The sampler is in it because each kind wants its own
        parameters; what another one has found is known to it from the store.
        """
        search = self.search
        teachers = self._of_teachers(self._rungs[-1])
        decides = {
            "space": search.space,
            "objectives": search.objectives,
            "constraints": search.constraints,
            "over_tasks": search.over_tasks,
            "rungs": search.rungs,
            "sampler": search.sampler,
            "versions": {name: COMPRESSIONS[name].version for name in compressions(search)},
            "teacher": [call.key for calls in teachers for call in calls],
        }
        task = self._place.tasks[0].type if search.over_tasks == "each" else search.over_tasks
        return f"{self._name}-{self._place.model.type}-{task}-{digest(decides)}"

    def known(self, stored: _Stored) -> Iterator[Known]:
        """Points of the space that the sweep lists as well, or that are whole in the store, whoever asked for them."""
        for compression in self._listed:
            point = locate(compression, self.search)
            if point is not None:
                yield Known(point)
        for compression in stored.compressions.get(self._place.model.type, []):
            point = locate(compression, self.search)
            if point is not None:
                yield Known(point, partial(self._is_whole, compression, stored.keys))

    def propose(self, trial: BaseTrial) -> Measurement:
        """The measurement of a trial's point over the sweep's seeds, beside the teacher it is bounded by."""
        settings = suggest(trial, self.search)
        words = yaml.safe_dump(settings, default_flow_style=True, sort_keys=False, width=10**6).strip()
        return self._measurement(build(Compression, settings, f"{self._name}: search.space"), words)

    def _is_whole(self, compression: Compression, keys: Collection[str]) -> bool:
        return all(call.key in keys for call in self._rung(self._rungs[-1], compression).calls)

    def _measurement(self, compression: Compression, settings: str) -> Measurement:
        return Measurement(settings, [self._rung(sweep, compression) for sweep in self._rungs])

    def _rung(self, sweep: Sweep, compression: Compression) -> Rung:
        students = [self._calls(sweep, task, compression) for task in self._place.tasks]
        of_tasks = list(zip(students, self._of_teachers(sweep), strict=True))
        calls = {call.key: call for both in of_tasks for each in both for call in each}
        confidence = 0.95 if sweep is self._rungs[-1] else CONFIDENCE
        read = partial(self._read, of_tasks, compression, confidence)
        return Rung(sweep.examples.attack, list(calls.values()), read)

    def _of_teachers(self, sweep: Sweep) -> list[Calls]:
        """The same for every proposal."""
        known = self._teachers.get(sweep.examples.attack)
        if known is None:
            known = [self._calls(sweep, task, NoCompression()) for task in self._place.tasks]
            self._teachers[sweep.examples.attack] = known
        return known

    def _calls(self, sweep: Sweep, task: Task, compression: Compression) -> Calls:
        proposals = [Proposal(self._place.model, task, compression, seed) for seed in sweep.seeds]
        return list(plan_of(sweep, proposals).calls.values())

    def _read(self, of_tasks: Sequence[Sequence[Calls]], compression: Compression, confidence: float) -> Reading:
        quantities = (*self.search.objectives, *self.search.constraints)
        tables = {METRICS[quantity.metric].table for quantity in quantities}
        bounded = {METRICS[bound.metric].table for bound in self.search.constraints if bound.below_teacher is not None}
        compared = {METRICS[each.metric].table for each in quantities if METRICS[each.metric].of_teacher}
        pairs = [
            Pair(
                self._rows(student, compression, tables),
                self._rows(teacher, NoCompression(), bounded | compared),
            )
            for student, teacher in of_tasks
        ]
        return measure(self.search, pairs, confidence)

    def _rows(self, calls: Calls, compression: Compression, tables: Collection[str]) -> Rows:
        """What the calls have measured of one compression."""
        found = [row for call in calls if call.stage.table in tables for row in read_rows(self.store, call.ref)]
        return Rows(
            [row for row in found if isinstance(row, EvaluationRecord) and row.compression == compression.type],
            [row for row in found if isinstance(row, AttackRecord) and row.compression == compression.type],
            [row for row in found if isinstance(row, FidelityRecord) and row.compression == compression.type],
        )
