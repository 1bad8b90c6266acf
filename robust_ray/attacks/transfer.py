"""Adversarial examples of one victim, shown to another: no search, one look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robust_ray.attacks.goals import Goal
from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.examples import Input
from robust_ray.core.records import AttackRecord, TransferRecord
from robust_ray.core.victim import Answers, Victim


def replay(
    goal: Goal,
    rows: Sequence[AttackRecord],
    victim: Victim,
    columns: Mapping[str, Any],
    *,
    max_batch_tokens: int = 16384,
    cache: AnswerCache | None = None,
) -> list[TransferRecord]:
    """Ask a victim about adversarial examples of others, all at once: one row each, in order.

    The original is asked about, too, for a target that is wrong on it has nothing left to lose.

    Args:
        goal: Of the attack that made the rows; it is the target's, too.
        rows: Of the attack, successes all.
        victim: The target.
        columns: The columns of a :class:`~robust_ray.core.records.CellRecord`, of the target.
        max_batch_tokens: Padded tokens in one batch of the victim at most.
        cache: The victim's answers in earlier runs.
    """
    asked = [*(_input(row, row.original) for row in rows), *(_input(row, row.adversarial) for row in rows)]
    probabilities = Answers(victim, max_batch_tokens, cache=cache).ask(asked).probabilities
    knows_classes = probabilities.shape[1] > 1
    replayed = []
    for i, row in enumerate(rows):
        before, after = probabilities[[i]], probabilities[[len(rows) + i]]
        applies = bool(goal.applies(before, row.label)[0])
        replayed.append(
            TransferRecord(
                **columns,
                **_source(row),
                applies=applies,
                prediction=int(before.argmax()) if knows_classes else None,
                confidence=float(before[0, row.label]),
                adversarial_prediction=int(after.argmax()) if knows_classes else None,
                adversarial_confidence=float(after[0, row.label]),
                transferred=bool(goal.achieved(after, row.label)[0]) if applies else None,
            )
        )
    return replayed


def _input(row: AttackRecord, code: str | None) -> Input:
    """What is asked of a victim with this code in the attacked segment's place."""
    assert code is not None  # no success is without adversarial code
    return (code, *row.context)


def _source(row: AttackRecord) -> dict[str, Any]:
    """The columns that say what was found by whom, against which victim."""
    return {
        "source": row.student,
        "source_teacher": row.teacher,
        "source_model": row.model,
        "source_model_params": row.model_params,
        "source_compression": row.compression,
        "source_compression_params": row.compression_params,
        "found_by": row.key,
        "attack": row.attack,
        "attack_params": row.attack_params,
        "uid": row.uid,
        "label": row.label,
    }
