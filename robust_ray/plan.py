"""From a sweep to a plan: a DAG of stage calls in which every key occurs once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from typing import Any, NamedTuple

from robust_ray.attacks import AttackRecipe, Substitutes
from robust_ray.compression import Compression, NoCompression
from robust_ray.core.call import Ref, Stage, StageCall
from robust_ray.core.component import Component
from robust_ray.core.identity import digest
from robust_ray.models import CodeModel
from robust_ray.stages import (
    Attack,
    Cell,
    CollectSubstitutes,
    Compress,
    Evaluate,
    Fidelity,
    Finetune,
    Gate,
    Naturalness,
    Sample,
    Survey,
    Teach,
    Transfer,
)
from robust_ray.sweep import STAGE_NAMES, Sweep
from robust_ray.tasks import Task


@dataclass(frozen=True)
class Plan:
    """Calls by key, inputs before what needs them."""

    sweep: Sweep
    calls: Mapping[str, StageCall]

    def stages(self) -> dict[str, list[StageCall]]:
        """Calls by stage name, in the order of the stages."""
        found: dict[str, list[StageCall]] = {name: [] for name in STAGE_NAMES}
        for call in self.calls.values():
            found[call.stage.name].append(call)
        return {name: calls for name, calls in found.items() if calls}

    def document(self) -> dict[str, Any]:
        """What the store keeps of a plan: which keys the sweep is made of, and on what its times are measured."""
        on = {"device": self.sweep.device_of("evaluate"), "accelerator": self.sweep.measured_on}
        return {"sweep": self.sweep.name, **on, "keys": list(self.calls)}


class Proposal(NamedTuple):
    """One student to measure: what a search proposes and a grid enumerates."""

    model: CodeModel
    task: Task
    compression: Compression
    seed: int


def expand(sweep: Sweep) -> Plan:
    """The whole cross product of a sweep."""
    proposals = [
        Proposal(model, task, compression, seed)
        for seed in sweep.seeds
        for task in sweep.tasks
        for model in sweep.models
        for compression in _distinct([NoCompression(), *sweep.compressions])
    ]
    families = _families(sweep, proposals)
    calls = [call for family in families for call in family.calls()]
    if sweep.transfer:
        calls += [call for family in families for call in family.replays(_sources(family, families, sweep))]
    return Plan(sweep, _by_key((*map(survey_of, sweep.tasks), *_breadth_first(calls))))


def survey_of(task: Task) -> StageCall:
    """The call that looks at a task's data."""
    return StageCall(Survey(task=task))


def plan_of(sweep: Sweep, proposals: Iterable[Proposal]) -> Plan:
    """The calls that measure these proposals, each by itself; nothing found against one is replayed on another."""
    calls = [call for family in _families(sweep, proposals) for call in family.calls()]
    return Plan(sweep, _by_key(_breadth_first(calls)))


def _breadth_first(calls: Sequence[StageCall]) -> list[StageCall]:
    """What later calls share comes early."""
    rank: dict[str, int] = {}
    for call in calls:  # inputs first; a student that is a teacher itself is taught with after it was made
        rank[call.key] = max([STAGE_NAMES.index(call.stage.name), *(rank[key] for key in call.needs)])
    return sorted(calls, key=lambda call: rank[call.key])  # stable


def _by_key(calls: Iterable[StageCall]) -> dict[str, StageCall]:
    return {call.key: call for call in calls}


class Shard(NamedTuple):
    """A range of examples that one recipe attacks, whoever the victim is."""

    recipe: AttackRecipe
    start: int
    stop: int
    names: list[StageCall]
    """Substitutes for the identifiers of these examples."""


class Attacked(NamedTuple):
    """A student, and the attacks on it."""

    cell: Cell
    chain: list[StageCall]
    """What makes it, each step's student the next one's teacher; the last one's is it."""

    shards: list[StageCall]

    @property
    def student(self) -> tuple[Ref, ...]:
        """Where it lies."""
        return (self.chain[-1].ref,)


class Family:
    """A teacher and its students; what their calls share is made, and its keys are hashed, once."""

    def __init__(self, sweep: Sweep, proposals: Sequence[Proposal]) -> None:
        """Begin with the teacher.

        Args:
            sweep: What is asked.
            proposals: Students of the same teacher, at least one.
        """
        self._sweep = sweep
        self._model, self.task, _, self.seed = proposals[0]
        self._training = sweep.training or self._model.recommended(self.task.question)
        stage = Finetune(model=self._model, task=self.task, training=self._training, seed=self.seed)
        self._finetune = StageCall(stage)
        self._gate: list[StageCall] = []
        if sweep.min_clean_accuracy is not None or self._model.is_tuned:
            gate = Gate(task=self.task, floor=sweep.min_clean_accuracy)
            self._gate = [StageCall(gate, {"teacher": (self._finetune.ref,)})]
        self._shards = [shard for recipe in sweep.attacks for shard in self._shards_of(recipe)]
        teacher = self._teacher = self._attacked(NoCompression())
        asked = [each.compression for each in proposals]
        self.students = [teacher if each == NoCompression() else self._attacked(each) for each in asked]

    def calls(self) -> Iterator[StageCall]:
        """Every call it takes to measure the students, shared ones included."""
        for student in self.students:
            yield from self._calls_of(student)

    def replays(self, sources: Iterable[Attacked]) -> Iterator[StageCall]:
        """The calls that replay on each student what each attack has found against each source."""
        for student, source in product(self.students, sources):
            attacks = zip(self._shards, source.shards, strict=True)
            for _, of_recipe in groupby(attacks, key=lambda pair: id(pair[0].recipe)):
                shards, calls = zip(*of_recipe, strict=True)
                inputs = {"student": student.student, "attacks": tuple(call.ref for call in calls)}
                yield self._call(Transfer(cell=student.cell, attack=shards[0].recipe), inputs)

    def _calls_of(self, student: Attacked) -> list[StageCall]:
        """Those that measure one student."""
        sweep, teacher, cell = self._sweep, self._teacher, student.cell
        evaluate = Evaluate(cell=cell, examples=sweep.examples.evaluate, accelerator=sweep.measured_on)
        calls = [self._finetune, *self._gate, *student.chain, *teacher.chain]
        calls.append(self._call(evaluate, {"student": student.student}))
        for victim in (student, teacher):
            for shard, attack in zip(self._shards, victim.shards, strict=True):
                calls += [*shard.names, attack]
                if sweep.naturalness is not None:
                    calls.append(self._call(Naturalness(language_model=sweep.naturalness), {"attacks": (attack.ref,)}))
        if not sweep.relations or student is teacher or self.task.question.wants_text:
            return calls
        both = {"teacher": teacher.student, "student": student.student}
        clean = Fidelity(cell=cell, relations=sweep.relations, examples=sweep.examples.evaluate, attack=None)
        calls.append(self._call(clean, both))
        for shard, on_teacher, on_student in zip(self._shards, teacher.shards, student.shards, strict=True):
            fidelity = Fidelity(cell=cell, relations=sweep.relations, examples=None, attack=shard.recipe)
            attacks = {"attacks_on_teacher": (on_teacher.ref,), "attacks_on_student": (on_student.ref,)}
            calls.append(self._call(fidelity, both | attacks))
        return calls

    def _call(self, stage: Stage, inputs: Mapping[str, tuple[Ref, ...]]) -> StageCall:
        """A call that waits at the gate if its work would be lost on a bad teacher."""
        return StageCall(stage, inputs, tuple(gate.ref for gate in self._gate) if _waits_at_gate(stage) else ())

    def _attacked(self, compression: Compression) -> Attacked:
        cell = Cell(
            model=self._model,
            task=self.task,
            training=self._training,
            compression=compression,
            seed=self.seed,
            teacher=self._finetune.key,
            dtype=self._sweep.dtype,
        )
        student = Attacked(cell, self._chain(compression), [])
        for recipe, start, stop, names in self._shards:
            inputs = {"student": student.student, "substitutes": tuple(call.ref for call in names)}
            student.shards.append(self._call(Attack(cell=cell, attack=recipe, start=start, stop=stop), inputs))
        return student

    def _chain(self, compression: Compression) -> list[StageCall]:
        """The calls that make a student of the teacher."""
        task, training, seed = self.task, self._training, self.seed
        calls: list[StageCall] = []
        teacher = self._finetune.ref
        for step in compression.in_order():
            inputs: dict[str, tuple[Ref, ...]] = {"teacher": (teacher,)}
            if step.needs_teacher_answers:
                calls.append(self._call(Teach(task=task, augmentation=step.augmentation, seed=seed), inputs))
                inputs = inputs | {"answers": (calls[-1].ref,)}
            samples = [
                self._call(
                    Sample(student=each.student, schooling=each.schooling, task=task, seed=seed),
                    {"answers": inputs["answers"]},
                )
                for each in step.samples(task.question, seed)
            ]
            if samples:
                calls += samples
                inputs = inputs | {"samples": tuple(call.ref for call in samples)}
            calls.append(self._call(Compress(compression=step, task=task, training=training, seed=seed), inputs))
            teacher = calls[-1].ref
        return calls

    def _shards_of(self, recipe: AttackRecipe) -> Iterator[Shard]:
        count, size = self._sweep.examples.attack, self._sweep.examples.shard
        for start in range(0, count, size):
            stop = min(start + size, count)
            yield Shard(recipe, start, stop, [_names(source, self.task, start, stop) for source in recipe.sources])


def _waits_at_gate(stage: Stage) -> bool:
    """Whether a stage's work would be lost on a bad teacher; to evaluate it is how its user finds out more."""
    if isinstance(stage, Compress):
        return stage.compression != NoCompression()
    return isinstance(stage, Teach | Sample | Attack | Naturalness | Transfer | Fidelity)


def _families(sweep: Sweep, proposals: Iterable[Proposal]) -> list[Family]:
    """One for each teacher."""
    groups = groupby(proposals, key=lambda each: (id(each.model), id(each.task), each.seed))
    return [Family(sweep, list(group)) for _, group in groups]


def _sources(family: Family, families: Iterable[Family], sweep: Sweep) -> list[Attacked]:
    """Whose adversarial examples are replayed on a family."""
    if sweep.transfer != "across_models":
        return family.students
    same = (other for other in families if (other.task, other.seed) == (family.task, family.seed))
    return [student for other in same for student in other.students]


def _names(source: Substitutes, task: Task, start: int, stop: int) -> StageCall:
    """The call that finds names for a shard: the same for all shards, unless each example is work of its own."""
    stage = CollectSubstitutes(substitutes=source, task=task)
    return StageCall(replace(stage, start=start, stop=stop) if source.looks_at_examples else stage)


def _distinct(components: Iterable[Any]) -> list[Any]:
    """The same component listed twice is one point of the axis."""
    seen = Counter[str]()
    distinct: list[Component] = []
    for component in components:
        key = digest(component)
        if not seen[key]:
            distinct.append(component)
        seen[key] += 1
    return distinct
