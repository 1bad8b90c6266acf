"""Teacher and student side by side: every relation on every input, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robust_ray.core.examples import Example
from robust_ray.core.identity import parameters
from robust_ray.core.records import FidelityRecord
from robust_ray.core.victim import Answers, Victim
from robust_ray.fidelity.base import Relation

CLEAN: Mapping[str, Any] = {"perturbation": "clean", "perturbed_for": None, "attack_params": None}
"""The columns of an unchanged input."""


def compare(
    relations: Sequence[Relation],
    examples: Sequence[Example],
    teacher: Victim,
    student: Victim,
    columns: Mapping[str, Any],
    *,
    perturbation: Mapping[str, Any] = CLEAN,
    max_batch_tokens: int = 16384,
) -> list[FidelityRecord]:
    """One row for each relation and example.

    Args:
        relations: What should hold.
        examples: The inputs, clean or adversarial; source text, because teacher and student tokenize on their own.
        teacher: Asked once per input.
        student: Asked once per input.
        columns: The cell's columns.
        perturbation: The columns that say how the inputs were changed, and for whom.
        max_batch_tokens: Padded tokens in one forward pass at most.
    """
    if not examples:
        return []
    texts = [example.input for example in examples]
    of_teacher = Answers(teacher, max_batch_tokens).ask(texts).probabilities
    of_student = Answers(student, max_batch_tokens).ask(texts).probabilities
    rows = []
    for relation in relations:
        comparison = relation.compare(of_teacher, of_student)
        assert comparison.holds.shape == (len(examples),)
        for i, example in enumerate(examples):
            applies = bool(comparison.applies[i])
            rows.append(
                FidelityRecord(
                    **columns,
                    **perturbation,
                    relation=relation.type,
                    relation_params=parameters(relation),
                    uid=example.uid,
                    label=example.label,
                    applies=applies,
                    holds=bool(comparison.holds[i]) if applies else None,
                    distance=float(comparison.distance[i]) if applies else None,
                    teacher_prediction=int(of_teacher[i].argmax()),
                    student_prediction=int(of_student[i].argmax()),
                    teacher_confidence=float(of_teacher[i].max()),
                    student_confidence=float(of_student[i].max()),
                )
            )
    return rows
