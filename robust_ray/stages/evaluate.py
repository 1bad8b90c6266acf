"""A student on clean examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray import metrics
from robust_ray.compression.distillation.rewriting import RENAMED, rewritten
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.examples import Example, Input, stable_order
from robust_ray.core.machine import Machine, accelerator_name
from robust_ray.core.records import EvaluationRecord, Record
from robust_ray.core.victim import Answers
from robust_ray.stages import quality
from robust_ray.stages.cell import Cell, victim_of
from robust_ray.tasks import Task

if TYPE_CHECKING:
    from robust_ray.models.victim import NetworkVictim


@dataclass(frozen=True, kw_only=True)
class Evaluate(Stage):
    """A student on clean examples: quality and cost."""

    name: ClassVar[str] = "evaluate"
    version: ClassVar[int] = 4
    table: ClassVar[str] = EvaluationRecord.table
    shares_gpu: ClassVar[bool] = False

    cell: Cell
    examples: int | None
    accelerator: str
    """What the times are to be measured on; a time is true of one kind of machine only. The row says what they were."""

    def label(self) -> str:
        return self.cell.compression.type

    @property
    def uses_gpu(self) -> bool:
        return self.cell.uses_gpu

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        from robust_ray.models import cost

        test = stable_order(self.cell.task.load("test"))[: self.examples]
        victim = victim_of(inputs, "student", machine, self.cell.dtype)
        asked = [example.input for example in test]
        columns, notes = self._quality(test, asked, victim, machine.max_batch_tokens)
        measured = cost.measure(inputs.checkpoints["student"], victim, asked, machine)
        return [
            EvaluationRecord(
                **self.cell.columns(key, inputs.keys["student"][0]),
                **measured._asdict(),
                **columns,
                split="test",
                n=len(test),
                truncated=victim.truncated(asked),
                noted=sum(note is not None for note in notes),
                device=accelerator_name(gpu=victim.device != "cpu"),
                threads=machine.threads,
                batch_invariant=victim.batch_invariant,
            )
        ]

    def _quality(
        self, test: Sequence[Example], asked: Sequence[Input], victim: NetworkVictim, max_batch_tokens: int
    ) -> tuple[quality.Columns, Sequence[str | None]]:
        """How good the answers are, and the notes on what was asked."""
        import numpy as np

        if self.cell.task.question.wants_text:
            from robust_ray.models.writing.victim import ScoredSummaries

            assert isinstance(victim, ScoredSummaries)
            summaries = victim.summaries(asked, max_batch_tokens)
            return quality.of_texts([str(example.reference) for example in test], summaries.texts), summaries.notes
        answers, variants = Answers(victim, max_batch_tokens), _variants(tuple(test))
        answer = answers.ask(asked)
        predictions = answer.probabilities.argmax(axis=1)
        labels = np.array([example.label for example in test])
        found = quality.of_classes(labels, predictions, self.cell.task.question.n_labels) | {
            "unigram_accuracy": _unigram_accuracy(self.cell.task, self.examples),
            "rewritten": sum(variant != original for variant, original in zip(variants, asked, strict=True)),
            "flips": int((answers.ask(variants).probabilities.argmax(axis=1) != predictions).sum()),
        }
        return found, answer.notes


@lru_cache(maxsize=8)
def _variants(test: tuple[Example, ...]) -> list[Input]:
    """The same for every student, so a process makes them once."""
    return [example.input for example in rewritten(RENAMED, test, seed=0)]


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
