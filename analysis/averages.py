"""What attacks spent and what they changed: sums over sums, each with the interval of the quotient that it is.

The numbers are those of :mod:`robust_ray.metrics`; what is added here is which rows count, and for how much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.operations import ratio_interval
from analysis.tables import Column, number, percent
from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.records import Verdict
from robust_ray.metrics import (
    acs,
    aed,
    attack_success_rate,
    average_name_distance,
    average_perplexity_ratio,
    average_queries,
    average_queries_of_attempts,
    icr,
    identifiers_changed_in_successes,
    tcr,
    tokens_changed_in_successes,
)
from robust_ray.metrics.columns import Verdicts, are, floats, were_attempted


class Terms(NamedTuple):
    """What a number is the quotient of; rows that do not count are 0 in both."""

    numerators: FloatArray
    """``(n,)``"""

    denominators: FloatArray
    """``(n,)``"""


class Average(NamedTuple):
    """A number of a cell that is a sum over a sum."""

    metric: Callable[..., float | None]
    """Its definition, from verdicts and columns."""

    read: tuple[str, ...]
    """Columns of attack rows that it needs beside the verdict."""

    counted: Callable[..., Terms]
    """Which rows count, and for how much, from the same."""

    def value(self, cell: pd.DataFrame) -> float | None:
        """The number itself; None where it was not measured."""
        return self.metric(*self._given(cell))

    def terms(self, cell: pd.DataFrame) -> Terms:
        """What it is the quotient of."""
        return self.counted(*self._given(cell))

    def _given(self, cell: pd.DataFrame) -> tuple[object, ...]:
        return cell["verdict"].array, *(cell[name] for name in self.read)


def _of_successes(verdicts: Verdicts, values: pd.Series[float]) -> Terms:
    return _mean(floats(values), are(verdicts, Verdict.SUCCEEDED))


def _of_attempts(verdicts: Verdicts, values: pd.Series[float]) -> Terms:
    return _mean(floats(values), were_attempted(verdicts))


def _share_of_successes(verdicts: Verdicts, changed: pd.Series[float], total: pd.Series[float]) -> Terms:
    shares = np.divide(floats(changed), floats(total), out=np.full(len(total), np.nan), where=floats(total) > 0)
    return _mean(shares, are(verdicts, Verdict.SUCCEEDED))


def _changed_of_all(verdicts: Verdicts, changed: pd.Series[float], total: pd.Series[float]) -> Terms:
    won, attempted = are(verdicts, Verdict.SUCCEEDED), were_attempted(verdicts)
    return Terms(np.where(won, floats(changed), 0.0), np.where(attempted, floats(total), 0.0))


def _successes_of_attempts(verdicts: Verdicts) -> Terms:
    won, attempted = are(verdicts, Verdict.SUCCEEDED), were_attempted(verdicts)
    return Terms(won.astype(np.float64), attempted.astype(np.float64))


def _mean(values: FloatArray, rows: BoolArray) -> Terms:
    counts = rows & ~np.isnan(values)
    return Terms(np.where(counts, values, 0.0), counts.astype(np.float64))


_NAMES, _TOKENS = ("identifiers_changed", "identifiers"), ("tokens_changed", "tokens")

AVERAGES = {
    "asr": Average(attack_success_rate, (), _successes_of_attempts),
    "amq": Average(average_queries, ("queries",), _of_successes),
    "amq_of_attempts": Average(average_queries_of_attempts, ("queries",), _of_attempts),
    "icr": Average(icr, _NAMES, _changed_of_all),
    "tcr": Average(tcr, _TOKENS, _changed_of_all),
    "icr_of_successes": Average(identifiers_changed_in_successes, _NAMES, _share_of_successes),
    "tcr_of_successes": Average(tokens_changed_in_successes, _TOKENS, _share_of_successes),
    "aed": Average(aed, ("edit_distance",), _of_successes),
    "name_distance": Average(average_name_distance, ("name_distance",), _of_successes),
    "acs": Average(acs, ("acs",), _of_successes),
    "similarity": Average(acs, ("similarity",), _of_successes),
    "perplexity_ratio": Average(average_perplexity_ratio, ("perplexity_ratio",), _of_successes),
}

_PRINTED = (
    Column("asr", "ASR", percent, "Attack success rate: succeeded with a valid program over attempted."),
    Column("amq", "AMQ", number, "Mean queries of the successful attacks."),
    Column("amq_of_attempts", "queries", number, "Mean queries of all attempted attacks, failures included."),
    Column("icr", "ICR", percent, "Names changed in successes over names in all attempted examples."),
    Column("tcr", "TCR", percent, "Tokens changed in successes over tokens in all attempted examples."),
    Column("icr_of_successes", "names", percent, "Mean share of its names that a success changed."),
    Column("tcr_of_successes", "tokens", percent, "Mean share of its tokens that a success changed."),
    Column("aed", "AED", number, "Mean edit distance of the successes, in characters."),
    Column("name_distance", "name dist.", number, "Mean edit distance of old and new names over the longer's length."),
    Column("acs", "ACS", number, "Mean similarity of the successes in a language model's logits, as Du et al. count."),
    Column("similarity", "similarity", number, "The same of mean embeddings, whatever the number of tokens."),
    Column("perplexity_ratio", "PPL ratio", number, "Mean of adversarial over original pseudo-perplexity."),
)


def columns(*names: str) -> list[Column]:
    """Some of them, as they are printed."""
    printed = {column.name: column for column in _PRINTED}
    return [printed[name] for name in names]


def read(names: Sequence[str]) -> list[str]:
    """Columns of attack rows that some of them need."""
    return [column for name in names for column in AVERAGES[name].read]


def averages(cell: pd.DataFrame, names: Sequence[str]) -> dict[str, float | None]:
    """Some of them with their 95 % intervals, ``…_low`` and ``…_high``: whole examples are drawn, those that count."""
    row: dict[str, float | None] = {}
    for name in names:
        value, terms = AVERAGES[name].value(cell), AVERAGES[name].terms(cell)
        counts = terms.denominators > 0 if value is not None else np.zeros(len(cell), dtype=np.bool_)
        low, high = ratio_interval(terms.numerators[counts], terms.denominators[counts], cell["uid"][counts])
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return row
