"""What attacks cost, and how much they change; ``verdicts`` are those of :mod:`robust_ray.metrics.columns`.

Source of AMQ, ICR, TCR, ACS and AED: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of
Code", ESEC/FSE 2023, as counted by its published code. Deviation: that code drops successes whose token count changed;
here every valid success counts.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import FloatArray
from robust_ray.core.records import Verdict
from robust_ray.metrics.columns import Column, Verdicts, are, floats, were_attempted


def average_queries(verdicts: Verdicts, queries: Column) -> float | None:
    """Mean queries of the successful attacks (AMQ); None when none succeeded.

    Failures are not in it, so it flatters an attack that gives up early: read it beside :func:`query_curve`.
    """
    return _mean_of_successes(verdicts, queries)


def average_queries_of_attempts(verdicts: Verdicts, queries: Column) -> float | None:
    """Mean queries of all attempted attacks, failures included: what an attack costs; None when there is none."""
    return _mean(floats(queries)[were_attempted(verdicts)])


def average_run_time(verdicts: Verdicts, seconds: float) -> float | None:
    """Seconds of attack for each attempted example (ART); None when there is none.

    Args:
        verdicts: ``(n,)``.
        seconds: Wall time of the calls that made these rows, skipped examples and loading included. Examples are
            attacked many at a time, so one alone has no time of its own. Deviation: the papers give minutes, of the
            successes only.
    """
    attempted = int(np.sum(were_attempted(verdicts)))
    return seconds / attempted if attempted else None


def query_curve(verdicts: Verdicts, won_at: Column, budgets: npt.ArrayLike) -> FloatArray | None:
    """Attack success rate had the attack had each of these budgets: one run tells them all.

    Args:
        verdicts: ``(n,)``.
        won_at: ``(n,)`` which query the adversarial example was; read for successes only.
        budgets: ``(m,)`` numbers of queries. Past the attack's own budget the curve is flat: nothing was tried there.

    Returns:
        ``(m,)`` shares of the attempted attacks, or None when no attack was attempted.
    """
    attempted = were_attempted(verdicts)
    if not attempted.any():
        return None
    needed = np.where(are(verdicts, Verdict.SUCCEEDED), floats(won_at), np.inf)[attempted]
    return np.asarray(np.mean(needed[None, :] <= floats(budgets)[:, None], axis=1), dtype=np.float64)


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


def _mean_of_successes(verdicts: Verdicts, values: Column) -> float | None:
    return _mean(floats(values)[are(verdicts, Verdict.SUCCEEDED)])


def _mean_share_of_successes(verdicts: Verdicts, changed: Column, total: Column) -> float | None:
    counted = are(verdicts, Verdict.SUCCEEDED) & (floats(total) > 0)
    return _mean(floats(changed)[counted] / floats(total)[counted])


def _mean(values: FloatArray) -> float | None:
    """Over what was measured."""
    measured = values[~np.isnan(values)]
    return float(np.mean(measured)) if len(measured) else None


def _change_rate(verdicts: Verdicts, changed: Column, total: Column) -> float | None:
    change = float(np.sum(floats(changed)[are(verdicts, Verdict.SUCCEEDED)]))
    possible = float(np.sum(floats(total)[were_attempted(verdicts)]))
    return None if possible == 0 or math.isnan(change / possible) else change / possible
