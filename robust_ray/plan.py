"""From a sweep to a plan: a DAG of stage calls in which every key occurs once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from robust_ray.attacks import Substitutes
from robust_ray.compression import Compression, NoCompression
from robust_ray.core.call import Ref, Stage, StageCall
from robust_ray.core.component import Component
from robust_ray.core.identity import digest
from robust_ray.core.machine import accelerator_name
from robust_ray.models import CodeModel, Training
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
        """What the store keeps of a plan: which keys the sweep is made of."""
        return {"sweep": self.sweep.name, "keys": list(self.calls)}


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
    surveys = {call.key: call for call in map(survey_of, sweep.tasks)}
    return Plan(sweep, {**surveys, **plan_of(sweep, proposals).calls})


def survey_of(task: Task) -> StageCall:
    """The call that looks at a task's data."""
    return StageCall(Survey(task=task))


def plan_of(sweep: Sweep, proposals: Iterable[Proposal]) -> Plan:
    """The calls that measure these proposals, breadth first: what later calls share comes early."""
    calls = [call for proposal in proposals for call in calls_of(sweep, proposal)]
    rank: dict[str, int] = {}
    for call in calls:  # inputs first; a student that is a teacher itself is taught with after it was made
        rank[call.key] = max([STAGE_NAMES.index(call.stage.name), *(rank[key] for key in call.needs)])
    ordered = sorted(calls, key=lambda call: rank[call.key])  # stable
    return Plan(sweep, {call.key: call for call in ordered})


def calls_of(sweep: Sweep, proposal: Proposal) -> list[StageCall]:
    """Every call it takes to measure one student, shared ones included."""
    model, task, _, seed = proposal
    training = sweep.training or model.recommended(task.question)
    finetune = StageCall(Finetune(model=model, task=task, training=training, seed=seed))
    calls = _measurements(sweep, proposal, training, finetune)
    if sweep.min_clean_accuracy is None and not model.is_tuned:
        return [finetune, *calls]
    gate = StageCall(Gate(task=task, floor=sweep.min_clean_accuracy), {"teacher": (finetune.ref,)})
    waiting = [replace(call, after=(gate.ref,)) if _waits_at_gate(call.stage) else call for call in calls]
    return [finetune, gate, *waiting]


def _waits_at_gate(stage: Stage) -> bool:
    """Whether a stage's work would be lost on a bad teacher; to evaluate it is how its user finds out more."""
    if isinstance(stage, Compress):
        return stage.compression != NoCompression()
    return isinstance(stage, Teach | Sample | Attack | Naturalness | Fidelity)


def _measurements(sweep: Sweep, proposal: Proposal, training: Training, finetune: StageCall) -> list[StageCall]:
    """The calls that come after a teacher is there."""
    model, task, compression, seed = proposal
    student = _compress(proposal, training, finetune)
    teacher = _compress(proposal._replace(compression=NoCompression()), training, finetune)
    cell = Cell(
        model=model,
        task=task,
        training=training,
        compression=compression,
        seed=seed,
        teacher=finetune.key,
        dtype=sweep.dtype,
    )
    accelerator = accelerator_name(gpu=sweep.resources_of("evaluate").gpu > 0)
    evaluate = Evaluate(cell=cell, examples=sweep.examples.evaluate, accelerator=accelerator)
    calls = [*student, *teacher, StageCall(evaluate, {"student": (student[-1].ref,)})]
    attacks = _attacks(sweep, cell, student[-1].ref)
    baseline = replace(cell, compression=NoCompression())
    attacks_on_teacher = _attacks(sweep, baseline, teacher[-1].ref)
    for each in (*attacks, *attacks_on_teacher):
        calls += [*each.substitutes, *each.shards]
        if sweep.naturalness is not None:
            look = Naturalness(language_model=sweep.naturalness)
            calls += [StageCall(look, {"attacks": (shard.ref,)}) for shard in each.shards]
    if not sweep.relations or compression == NoCompression() or task.question.wants_text:
        return calls
    both = {"teacher": (teacher[-1].ref,), "student": (student[-1].ref,)}
    clean = Fidelity(cell=cell, relations=sweep.relations, examples=sweep.examples.evaluate, attack=None)
    calls.append(StageCall(clean, both))
    for recipe, on_teacher, on_student in zip(sweep.attacks, attacks_on_teacher, attacks, strict=True):
        fidelity = Fidelity(cell=cell, relations=sweep.relations, examples=None, attack=recipe)
        for shard_on_teacher, shard_on_student in zip(on_teacher.shards, on_student.shards, strict=True):
            shards = {"attacks_on_teacher": (shard_on_teacher.ref,), "attacks_on_student": (shard_on_student.ref,)}
            calls.append(StageCall(fidelity, both | shards))
    return calls


class StageSummary(NamedTuple):
    """One line of a plan."""

    stage: str
    calls: int
    cached: int
    seconds: float | None
    """Rough time of what is missing, in seconds of one worker; null where the store has no history of the stage."""


def summarize(plan: Plan, present: Collection[str], history: Mapping[str, float]) -> list[StageSummary]:
    """Counts per stage, what is already there, and what the rest may cost.

    Args:
        plan: The plan.
        present: Keys complete in the store.
        history: ``stage-label`` (and bare ``stage``) → median seconds of past calls.
    """
    lines = []
    for stage, calls in plan.stages().items():
        missing = [call for call in calls if call.key not in present]
        costs = [history.get(f"{stage}-{call.stage.label()}", history.get(stage)) for call in missing]
        known = [cost for cost in costs if cost is not None]
        seconds = sum(known) if len(known) == len(costs) else None
        lines.append(StageSummary(stage, len(calls), len(calls) - len(missing), seconds))
    return lines


def _compress(proposal: Proposal, training: Training, finetune: StageCall) -> list[StageCall]:
    """The calls that make a student of a teacher, each step's student the next one's teacher; the last one's is it."""
    task, seed = proposal.task, proposal.seed
    calls: list[StageCall] = []
    teacher = finetune.ref
    for step in proposal.compression.in_order():
        inputs: dict[str, tuple[Ref, ...]] = {"teacher": (teacher,)}
        if step.needs_teacher_answers:
            calls.append(StageCall(Teach(task=task, augmentation=step.augmentation, seed=seed), inputs))
            inputs = inputs | {"answers": (calls[-1].ref,)}
        samples = [
            StageCall(
                Sample(student=each.student, schooling=each.schooling, task=task, seed=seed),
                {"answers": inputs["answers"]},
            )
            for each in step.samples(task.question, seed)
        ]
        if samples:
            calls += samples
            inputs = inputs | {"samples": tuple(call.ref for call in samples)}
        calls.append(StageCall(Compress(compression=step, task=task, training=training, seed=seed), inputs))
        teacher = calls[-1].ref
    return calls


class AttackCalls(NamedTuple):
    """What one attack on one student takes."""

    substitutes: list[StageCall]
    shards: list[StageCall]


def _attacks(sweep: Sweep, cell: Cell, student: Ref) -> list[AttackCalls]:
    """The calls of each recipe."""
    count, size = sweep.examples.attack, sweep.examples.shard
    found = []
    for recipe in sweep.attacks:
        calls = AttackCalls([], [])
        for start in range(0, count, size):
            stop = min(start + size, count)
            names = [_names(source, cell.task, start, stop) for source in recipe.sources]
            inputs = {"student": (student,), "substitutes": tuple(call.ref for call in names)}
            calls.substitutes.extend(names)
            calls.shards.append(StageCall(Attack(cell=cell, attack=recipe, start=start, stop=stop), inputs))
        found.append(calls)
    return found


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
