"""The stages: what is computed once, wired from the rooms below. Nothing is computed here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from robust_ray import metrics
from robust_ray.attacks import AttackRecipe, Substitutes, engine, naturalness
from robust_ray.compression import Compression, Lesson
from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.examples import Example, stable_order
from robust_ray.core.identity import canonical_json, encode, parameters
from robust_ray.core.language_model import LanguageModel
from robust_ray.core.machine import Machine, accelerator_name
from robust_ray.core.records import (
    AttackRecord,
    EvaluationRecord,
    FidelityRecord,
    NaturalnessRecord,
    Record,
    SubstituteRecord,
    Verdict,
)
from robust_ray.core.victim import Answers, Precision
from robust_ray.fidelity import Relation, compare
from robust_ray.models import CodeModel, Training
from robust_ray.tasks import Task

if TYPE_CHECKING:
    from robust_ray.models.victim import TransformerVictim


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Which student: the coordinates every row of it carries."""

    model: CodeModel
    task: Task
    training: Training
    compression: Compression
    seed: int
    teacher: str
    """Key of the fine-tuned checkpoint the student was made of."""
    dtype: Precision = "float32"
    """Number format of the forward pass of whatever is measured."""

    def columns(self, key: str, student: str) -> dict[str, Any]:
        """The columns of :class:`~robust_ray.core.records.CellRecord`."""
        return {
            "key": key,
            "student": student,
            "teacher": self.teacher,
            "model": self.model.type,
            "model_params": parameters(self.model),
            "task": self.task.type,
            "task_params": canonical_json(encode(self.task)["fields"] | {"revision": self.task.revision()}),
            "compression": self.compression.type,
            "compression_params": parameters(self.compression),
            "seed": self.seed,
            "dtype": self.dtype,
        }


@dataclass(frozen=True, kw_only=True)
class Finetune(Stage):
    """A model before fine-tuning → the teacher."""

    name: ClassVar[str] = "finetune"

    model: CodeModel
    task: Task
    training: Training
    seed: int

    def label(self) -> str:
        return self.model.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        from robust_ray.models import students, training

        train, valid = self.task.load("train"), self.task.load("valid")
        network = self.model.load(train, len(self.task.label_names), self.seed, workdir)
        tuned = training.fine_tune(network, train, valid, self.training, self.seed, machine, workdir)
        students.save(tuned, workdir)
        return []


@dataclass(frozen=True, kw_only=True)
class Teach(Stage):
    """The teacher's logits on the training split, once for every student that learns from them."""

    name: ClassVar[str] = "teach"

    task: Task

    def label(self) -> str:
        return self.task.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        import numpy as np

        from robust_ray.models import students, training

        network = students.load(inputs.checkpoints["teacher"], machine.device)
        np.save(workdir / "logits.npy", training.logits(network, self.task.load("train"), machine))
        return []


@dataclass(frozen=True, kw_only=True)
class Compress(Stage):
    """A teacher → a student."""

    name: ClassVar[str] = "compress"

    compression: Compression
    task: Task
    training: Training
    seed: int

    def label(self) -> str:
        return self.compression.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        lesson = Lesson(
            train=self.task.load("train"),
            valid=self.task.load("valid"),
            n_labels=len(self.task.label_names),
            training=self.training,
            seed=self.seed,
            teacher_logits=inputs.checkpoints.get("logits"),
        )
        self.compression.compress(inputs.checkpoints["teacher"], lesson, workdir, machine)
        return []


@dataclass(frozen=True, kw_only=True)
class Evaluate(Stage):
    """A student on clean examples: quality and cost."""

    name: ClassVar[str] = "evaluate"
    table: ClassVar[str] = EvaluationRecord.table

    cell: Cell
    examples: int | None
    accelerator: str
    """What the times are to be measured on; a time is true of one kind of machine only. The row says what they were."""

    def label(self) -> str:
        return self.cell.compression.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        import numpy as np

        from robust_ray.models import cost

        test = stable_order(self.cell.task.load("test"))[: self.examples]
        victim = _victim(inputs, "student", machine, self.cell.dtype)
        texts = [example.segments for example in test]
        labels = np.array([example.label for example in test])
        predictions = Answers(victim, machine.max_batch_tokens).ask(texts).probabilities.argmax(axis=1)
        measured = cost.measure(inputs.checkpoints["student"], victim, texts, machine)
        n_labels = len(self.cell.task.label_names)
        return [
            EvaluationRecord(
                **self.cell.columns(key, inputs.keys["student"][0]),
                **measured._asdict(),
                split="test",
                n=len(test),
                accuracy=metrics.accuracy(labels, predictions),
                precision=metrics.precision(labels, predictions, n_labels),
                recall=metrics.recall(labels, predictions, n_labels),
                f1=metrics.f1(labels, predictions, n_labels),
                mcc=metrics.matthews(labels, predictions, n_labels),
                unigram_accuracy=_unigram_accuracy(self.cell.task, self.examples),
                device=accelerator_name(gpu=victim.device != "cpu"),
                threads=machine.threads,
                batch_invariant=victim.batch_invariant,
            )
        ]


@dataclass(frozen=True, kw_only=True)
class CollectSubstitutes(Stage):
    """Names for the attacks, victim-independent, once per data set or attacked example."""

    name: ClassVar[str] = "substitutes"
    table: ClassVar[str] = SubstituteRecord.table

    substitutes: Substitutes
    task: Task
    start: int = 0
    """First example, in :func:`~robust_ray.core.examples.stable_order`."""
    stop: int | None = None
    """Behind the last; null for all."""

    def label(self) -> str:
        return self.substitutes.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        attacked = stable_order(self.task.load("test"))[self.start : self.stop]
        found = self.substitutes.collect(self.task.load("train"), attacked, machine)
        return [dataclasses.replace(row, key=key) for row in found]


@dataclass(frozen=True, kw_only=True)
class Attack(Stage):
    """One attack on a range of the test examples of one student."""

    name: ClassVar[str] = "attack"
    version: ClassVar[int] = 2
    table: ClassVar[str] = AttackRecord.table

    cell: Cell
    attack: AttackRecipe
    start: int
    """First example, in :func:`~robust_ray.core.examples.stable_order`."""
    stop: int
    """Behind the last."""

    def label(self) -> str:
        return self.attack.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        names = inputs.rows("substitutes", SubstituteRecord)
        student, dtype = inputs.keys["student"][0], self.cell.dtype
        cache = AnswerCache(machine.answers, f"{student} {dtype}") if machine.answers else None
        sources = zip(self.attack.sources, inputs.keys.get("substitutes", ()), strict=True)
        rows = list(
            engine.run(
                self.attack,
                stable_order(self.cell.task.load("test"))[self.start : self.stop],
                _victim(inputs, "student", machine, dtype),
                {source: [row for row in names if row.key == made_by] for source, made_by in sources},
                columns=self.cell.columns(key, student),
                seed=self.cell.seed,
                in_flight=machine.in_flight,
                max_batch_tokens=machine.max_batch_tokens,
                cache=cache,
            )
        )
        if cache is not None:
            cache.close()
        if rows and all(row.verdict == Verdict.ERROR for row in rows):
            raise RuntimeError(f"the attack broke on every example, first with: {rows[0].error}")
        return rows


@dataclass(frozen=True, kw_only=True)
class Naturalness(Stage):
    """What a language model that no one attacks makes of the adversarial examples of one shard."""

    name: ClassVar[str] = "naturalness"
    table: ClassVar[str] = NaturalnessRecord.table

    language_model: LanguageModel

    def label(self) -> str:
        return self.language_model.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        rows = inputs.rows("attacks", AttackRecord)
        if all(row.adversarial is None for row in rows):
            return []
        component = self.language_model
        params = canonical_json(encode(component)["fields"] | {"revision": component.revision()})
        model = machine.warm.get(f"{component.type} {params}", lambda: component.load(machine))
        columns = {"key": key, "language_model": component.type, "language_model_params": params}
        return naturalness.measure(rows, model, columns)


@dataclass(frozen=True, kw_only=True)
class Fidelity(Stage):
    """Teacher and student side by side, on clean examples or on the adversarial examples of one attack."""

    name: ClassVar[str] = "fidelity"
    table: ClassVar[str] = FidelityRecord.table

    cell: Cell
    relations: tuple[Relation, ...]
    examples: int | None
    attack: AttackRecipe | None
    """Whose adversarial examples to compare on; null for clean examples."""

    def label(self) -> str:
        return "clean" if self.attack is None else self.attack.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        teacher, student = (_victim(inputs, role, machine, self.cell.dtype) for role in ("teacher", "student"))
        columns = self.cell.columns(key, inputs.keys["student"][0])
        if self.attack is None:
            clean = stable_order(self.cell.task.load("test"))[: self.examples]
            return compare(self.relations, clean, teacher, student, columns, max_batch_tokens=machine.max_batch_tokens)
        rows: list[FidelityRecord] = []
        for role, attacked in (("teacher", "attacks_on_teacher"), ("student", "attacks_on_student")):
            rows_on = inputs.rows(attacked, AttackRecord)
            examples = [_adversarial(row) for row in rows_on if row.verdict == Verdict.SUCCEEDED]
            rows += compare(
                self.relations,
                examples,
                teacher,
                student,
                columns,
                perturbation={
                    "perturbation": self.attack.type,
                    "perturbed_for": role,
                    "attack_params": parameters(self.attack),
                },
                max_batch_tokens=machine.max_batch_tokens,
            )
        return rows


def _victim(inputs: Inputs, role: str, machine: Machine, dtype: Precision) -> TransformerVictim:
    """The checkpoint of ``role`` as a victim, loaded once while it stays warm."""
    from robust_ray.models import students

    key = f"{inputs.keys[role][0]} {dtype}"
    return machine.warm.get(key, lambda: students.load_victim(inputs.checkpoints[role], machine, dtype))


@lru_cache(maxsize=8)
def _unigram_accuracy(task: Task, count: int | None) -> float | None:
    """The baseline on the same test examples: the same for every student, so a process computes it once."""
    train, test = task.load("train"), stable_order(task.load("test"))[:count]
    return metrics.unigram_accuracy(
        [example.segments for example in train],
        [example.label for example in train],
        [example.segments for example in test],
        [example.label for example in test],
    )


def _adversarial(row: AttackRecord) -> Example:
    """The adversarial example of a successful attack, as an example of its own."""
    assert row.adversarial is not None
    return Example(uid=row.uid, segments=(row.adversarial, *row.context), label=row.label, language=row.language)
