"""What an attack did to a victim, from the columns of its attack rows.

``verdicts`` is always an ``(n,)`` sequence of :class:`~robust_ray.core.records.Verdict` values, one an example; the
other columns lie beside it, row by row, and null (None or NaN) is allowed wherever the rows allow it. Examples with
verdict ``ERROR`` count nowhere. *Attempted* means succeeded, failed or stopped at an invalid program (``INVALID``, a
success in raw counts only): skipped examples are left out.

Source of AMQ, ICR, TCR, ACS and AED: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of
Code", ESEC/FSE 2023, as counted by its published code. Deviation: that code drops successes whose token count changed;
here every valid success counts (renaming never changes the count).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from robust_ray.core.records import Verdict
from robust_ray.core.victim import BoolArray, FloatArray

Verdicts = Sequence[str] | npt.NDArray[np.str_] | npt.NDArray[np.object_]
Column = npt.ArrayLike | Sequence[float | None]

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
    attempted = _attempted(verdicts)
    return float(np.mean(_are(verdicts, Verdict.SUCCEEDED)[attempted])) if attempted.any() else None


def raw_attack_success_rate(verdicts: Verdicts, rejected: Column) -> float | None:
    """Share of attempted attacks that fooled the victim with any text, the same program or not: what papers report.

    Args:
        verdicts: ``(n,)``.
        rejected: ``(n,)`` candidates that achieved the goal but were not valid.

    Returns:
        A share, at least :func:`attack_success_rate`, or None when no attack was attempted.
    """
    attempted = _attempted(verdicts)
    fooled = _are(verdicts, Verdict.SUCCEEDED, Verdict.INVALID) | (_floats(rejected) > 0)
    return float(np.mean(fooled[attempted])) if attempted.any() else None


def valid_share(verdicts: Verdicts, rejected: Column) -> float | None:
    """Share of the programs that achieved the goal which were valid; None when none achieved it.

    Arguments as for :func:`raw_attack_success_rate`.
    """
    valid = float(np.sum(_are(verdicts, Verdict.SUCCEEDED)))
    claims = valid + float(np.sum(_floats(rejected)[_attempted(verdicts)]))
    return valid / claims if claims else None


def robust_accuracy(verdicts: Verdicts) -> float | None:
    """Share of all examples the victim still gets right after the attack.

    Examples it already got wrong count as wrong, examples in which nothing may be changed as right: every victim is
    judged on the same examples, whatever its clean accuracy.

    Returns:
        A share, or None when there is no example.
    """
    known = ~_are(verdicts, Verdict.ERROR)
    right = _are(verdicts, Verdict.FAILED, Verdict.INVALID, Verdict.SKIPPED_NO_TARGET)
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
    known = ~(_are(teacher, Verdict.ERROR) | _are(student, Verdict.ERROR))
    of_teacher, of_student = robust_accuracy(_array(teacher)[known]), robust_accuracy(_array(student)[known])
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


def average_queries(verdicts: Verdicts, queries: Column) -> float | None:
    """Mean queries of the successful attacks (AMQ); None when none succeeded.

    Failures are not in it, so it flatters an attack that gives up early: read it beside :func:`query_curve`.
    """
    return _mean_of_successes(verdicts, queries)


def average_queries_of_attempts(verdicts: Verdicts, queries: Column) -> float | None:
    """Mean queries of all attempted attacks, failures included: what an attack costs; None when there is none."""
    return _mean(_floats(queries)[_attempted(verdicts)])


def average_run_time(verdicts: Verdicts, seconds: float) -> float | None:
    """Seconds of attack for each attempted example (ART); None when there is none.

    Args:
        verdicts: ``(n,)``.
        seconds: Wall time of the calls that made these rows, skipped examples and loading included. Examples are
            attacked many at a time, so one alone has no time of its own. Deviation: the papers give minutes, of the
            successes only.
    """
    attempted = int(np.sum(_attempted(verdicts)))
    return seconds / attempted if attempted else None


def query_curve(verdicts: Verdicts, queries: Column, budgets: npt.ArrayLike) -> FloatArray | None:
    """Attack success rate had the attack stopped after each budget.

    Args:
        verdicts: ``(n,)``.
        queries: ``(n,)`` queries spent on each example.
        budgets: ``(m,)`` numbers of queries. Past the attack's own budget the curve is flat: nothing was tried there.

    Returns:
        ``(m,)`` shares of the attempted attacks, or None when no attack was attempted.
    """
    attempted = _attempted(verdicts)
    if not attempted.any():
        return None
    needed = np.where(_are(verdicts, Verdict.SUCCEEDED), _floats(queries), np.inf)[attempted]
    return np.asarray(np.mean(needed[None, :] <= _floats(budgets)[:, None], axis=1), dtype=np.float64)


def icr(verdicts: Verdicts, identifiers_changed: Column, identifiers: Column) -> float | None:
    """Identifier change rate: names changed in successes over the names of all attempted examples, failures included.

    Args:
        verdicts: ``(n,)``.
        identifiers_changed: ``(n,)`` distinct names changed; read for successes only.
        identifiers: ``(n,)`` distinct names that could have been.

    Returns:
        A share, or None when no attempted example has a name, or a success was not measured.
    """
    return _change_rate(verdicts, identifiers_changed, identifiers)


def tcr(verdicts: Verdicts, tokens_changed: Column, tokens: Column) -> float | None:
    """Token change rate: tokens changed in successes over the tokens of all attempted examples, failures included.

    Arguments and result as for :func:`icr`. Deviation: all tokens count, not only the first 510.
    """
    return _change_rate(verdicts, tokens_changed, tokens)


def identifiers_changed_in_successes(
    verdicts: Verdicts, identifiers_changed: Column, identifiers: Column
) -> float | None:
    """Mean share of its names that a success changed: how :func:`icr` is usually understood.

    Arguments as for :func:`icr`; None when no attack succeeded.
    """
    return _mean_share_of_successes(verdicts, identifiers_changed, identifiers)


def tokens_changed_in_successes(verdicts: Verdicts, tokens_changed: Column, tokens: Column) -> float | None:
    """Mean share of its tokens that a success changed: how :func:`tcr` is usually understood.

    Arguments as for :func:`tcr`; None when no attack succeeded.
    """
    return _mean_share_of_successes(verdicts, tokens_changed, tokens)


def average_name_distance(verdicts: Verdicts, name_distance: Column) -> float | None:
    """Mean relative edit distance of old and new names, over successes that renamed something; None without any."""
    return _mean_of_successes(verdicts, name_distance)


def average_perplexity_ratio(verdicts: Verdicts, perplexity_ratio: Column) -> float | None:
    """Mean of adversarial over original pseudo-perplexity, over successes it was measured for; None without any.

    One means as natural as before, to a language model; more is less natural.
    """
    return _mean_of_successes(verdicts, perplexity_ratio)


def acs(verdicts: Verdicts, similarity: Column) -> float | None:
    """Average code similarity, in [-1, 1], of the successes it was measured for; None where it was for none.

    Args:
        verdicts: ``(n,)``.
        similarity: ``(n,)`` cosine similarity of the original and the adversarial code, null where not measured.
    """
    return _mean_of_successes(verdicts, similarity)


def aed(verdicts: Verdicts, edit_distance: Column) -> float | None:
    """Average edit distance of the successes, in characters; None when none succeeded.

    Args:
        verdicts: ``(n,)``.
        edit_distance: ``(n,)`` sums over tokens of their Levenshtein distance.
    """
    return _mean_of_successes(verdicts, edit_distance)


def _array(verdicts: Verdicts) -> npt.NDArray[np.str_]:
    return np.asarray([str(verdict) for verdict in verdicts], dtype=np.str_)


def _are(verdicts: Verdicts, *wanted: Verdict) -> BoolArray:
    return np.isin(_array(verdicts), [verdict.value for verdict in wanted])


def _attempted(verdicts: Verdicts) -> BoolArray:
    return _are(verdicts, Verdict.SUCCEEDED, Verdict.FAILED, Verdict.INVALID)


def _floats(values: Column) -> FloatArray:
    """As floats, null as NaN."""
    return np.asarray(values, dtype=np.float64)


def _mean_of_successes(verdicts: Verdicts, values: Column) -> float | None:
    return _mean(_floats(values)[_are(verdicts, Verdict.SUCCEEDED)])


def _mean_share_of_successes(verdicts: Verdicts, changed: Column, total: Column) -> float | None:
    counted = _are(verdicts, Verdict.SUCCEEDED) & (_floats(total) > 0)
    return _mean(_floats(changed)[counted] / _floats(total)[counted])


def _mean(values: FloatArray) -> float | None:
    """Over what was measured."""
    measured = values[~np.isnan(values)]
    return float(np.mean(measured)) if len(measured) else None


def _change_rate(verdicts: Verdicts, changed: Column, total: Column) -> float | None:
    change = float(np.sum(_floats(changed)[_are(verdicts, Verdict.SUCCEEDED)]))
    possible = float(np.sum(_floats(total)[_attempted(verdicts)]))
    return None if possible == 0 or math.isnan(change / possible) else change / possible
