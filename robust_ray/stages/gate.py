"""A look at a teacher, before anything is spent on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray import metrics
from robust_ray.core.call import Inputs, Stage
from robust_ray.core.errors import ModelError
from robust_ray.core.examples import stable_order
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record
from robust_ray.core.victim import Answers
from robust_ray.stages.cell import victim_of
from robust_ray.tasks import Task

TEXTS = 200
"""Summaries written at most; classes are cheap, so that all examples are asked about."""

READ = 500
"""Programs tokenized and put together again at most."""


@dataclass(frozen=True, kw_only=True)
class Gate(Stage):
    """A teacher on the validation split: can it read, are its outputs in order, is it good enough?"""

    name: ClassVar[str] = "gate"

    task: Task
    floor: float | None
    """Accuracy (BLEU, where the task asks for texts) it must reach; None for any."""

    def label(self) -> str:
        return self.task.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        import numpy as np

        from robust_ray.models.checks.label_order import require_order
        from robust_ray.models.checks.sanity import require_reading

        teacher, question = inputs.keys["teacher"][0], self.task.question
        examples = stable_order(self.task.load("valid"))[: TEXTS if question.wants_text else None]
        victim = victim_of(inputs, "teacher", machine, "float32")
        texts = dict.fromkeys(text for example in examples for text in example.segments)
        require_reading(victim.network.tokenizer, list(texts)[:READ], teacher)
        answers = Answers(victim, machine.max_batch_tokens).ask([example.input for example in examples]).probabilities
        if question.wants_text:
            measure, reached = "BLEU", float(answers.mean())
        else:
            labels = np.array([example.label for example in examples])
            predictions = answers.argmax(axis=1)
            require_order(predictions, labels, question, teacher)
            measure, reached = "accuracy", metrics.accuracy(labels, predictions)
        if self.floor is not None and reached < self.floor:
            raise ModelError(
                f"{teacher}: its validation {measure} must reach `min_clean_accuracy` {self.floor}, "
                f"but got {reached:.3f}; train it better, or lower the floor"
            )
        found = {measure: reached, "n": len(examples)}
        (workdir / "gate.json").write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
        return []
