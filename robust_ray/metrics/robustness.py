"""How often attacks fool a victim; what ``verdicts`` are is said in :mod:`robust_ray.metrics.columns`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from robust_ray.core.records import Verdict
from robust_ray.metrics.columns import STANDING, Column, Verdicts, are, floats, texts, were_attempted

SEVERITY = (
    Verdict.ERROR,
    Verdict.SKIPPED_NO_TARGET,
    Verdict.FAILED,
    Verdict.INVALID,
    Verdict.SKIPPED_MISPREDICTED,
    Verdict.SUCCEEDED,
)
"""Verdicts on one example, from the one that says nothing to the one that decides over all attacks."""


def attack_success_rate(verdicts: Verdicts) -> float | None:
    """Share of attempted attacks that fooled the victim (ASR).

    Returns:
        A share, or None when no attack was attempted.

    Source: as counted by ALERT's official code: examples the victim already gets wrong, and examples without names, are
        not in the denominator.
    """
    attempted = were_attempted(verdicts)
    return float(np.mean(are(verdicts, Verdict.SUCCEEDED)[attempted])) if attempted.any() else None


def raw_attack_success_rate(verdicts: Verdicts, rejected: Column) -> float | None:
    """Share of attempted attacks that fooled the victim with any text, the same program or not: what papers report.

    Args:
        verdicts: ``(n,)``.
        rejected: ``(n,)`` candidates that achieved the goal but were not valid.

    Returns:
        A share, at least :func:`attack_success_rate`, or None when no attack was attempted.
    """
    attempted = were_attempted(verdicts)
    fooled = are(verdicts, Verdict.SUCCEEDED, Verdict.INVALID) | (floats(rejected) > 0)
    return float(np.mean(fooled[attempted])) if attempted.any() else None


def valid_share(verdicts: Verdicts, rejected: Column) -> float | None:
    """Share of the programs that achieved the goal which were valid; None when none achieved it.

    Arguments as for :func:`raw_attack_success_rate`.
    """
    valid = float(np.sum(are(verdicts, Verdict.SUCCEEDED)))
    claims = valid + float(np.sum(floats(rejected)[were_attempted(verdicts)]))
    return valid / claims if claims else None


def transfer_rate(applies: npt.ArrayLike, transferred: Column) -> float | None:
    """Share of the adversarial examples of one victim that fool another, of those whose original that one gets right.

    Args:
        applies: ``(n,)`` whether the other victim is right on the original.
        transferred: ``(n,)`` whether it is fooled; read only where it was right, may be null elsewhere.

    Returns:
        A share, or None when it was right on none, or there is none.
    """
    fooled = np.asarray(transferred)[np.asarray(applies, dtype=np.bool_)].astype(np.bool_)
    return float(np.mean(fooled)) if len(fooled) else None


def robust_accuracy(verdicts: Verdicts) -> float | None:
    """Share of all examples the victim still gets right after the attack.

    Examples it already got wrong count as wrong, examples in which nothing may be changed as right: every victim is
    judged on the same examples, whatever its clean accuracy.

    Returns:
        A share, or None when there is no example.
    """
    known = ~are(verdicts, Verdict.ERROR)
    right = are(verdicts, *STANDING)
    return float(np.mean(right[known])) if known.any() else None


def worst_case(examples: Sequence[Hashable], verdicts: Verdicts) -> list[Verdict]:
    """One verdict for each example over all attacks on it: it is robust only if every attack failed.

    Args:
        examples: ``(n,)`` what the example is called; the same name in several rows is the same example.
        verdicts: ``(n,)``.

    Returns:
        A verdict for each distinct example, in order of first appearance. An error under one attack is overruled by
        what another attack found.

    Source: the ensemble of Croce and Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse
        Parameter-free Attacks" (AutoAttack), ICML 2020.
    """
    worst: dict[Hashable, Verdict] = {}
    for example, verdict in zip(examples, map(Verdict, verdicts), strict=True):
        worst[example] = max(worst.get(example, Verdict.ERROR), verdict, key=SEVERITY.index)
    return list(worst.values())


def robustness_drop(teacher: Verdicts, student: Verdicts) -> float | None:
    """Robust accuracy of the student minus that of its teacher, same attack and examples; negative when it is lost.

    Args:
        teacher: ``(n,)`` verdicts.
        student: ``(n,)`` verdicts on the same examples, in the same order; an error in either leaves the example out.

    Returns:
        A difference in [-1, 1], or None when no example is left.

    Raises:
        ValueError: the lengths differ.
    """
    if len(teacher) != len(student):
        raise ValueError(
            f"teacher and student must be attacked on the same examples, got {len(teacher)}, {len(student)}"
        )
    known = ~(are(teacher, Verdict.ERROR) | are(student, Verdict.ERROR))
    of_teacher, of_student = robust_accuracy(texts(teacher)[known]), robust_accuracy(texts(student)[known])
    return None if of_teacher is None or of_student is None else of_student - of_teacher


def relative_drop(
    teacher_clean: float, teacher_adversarial: float, student_clean: float, student_adversarial: float
) -> float | None:
    """How much more a student loses under attack than its teacher, in percent of what the teacher loses.

    Args:
        teacher_clean: a quality metric of the teacher on clean examples, larger is better.
        teacher_adversarial: the same metric under attack.
        student_clean: as for the teacher.
        student_adversarial: as for the teacher.

    Returns:
        ``100 * (drop(student) - drop(teacher)) / drop(teacher)``, or None when the teacher loses nothing.

    Source: the "285 %" of Awal, Rochan, Roy, arXiv 2511.05476; the formula is reconstructed.
    """
    of_teacher, of_student = teacher_clean - teacher_adversarial, student_clean - student_adversarial
    return 100 * (of_student - of_teacher) / of_teacher if of_teacher > 0 else None
