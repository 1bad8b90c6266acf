"""Robustness metrics on a handful of rows whose numbers can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from robust_ray.core.records import Verdict
from robust_ray.metrics import (
    acs,
    aed,
    attack_success_rate,
    average_name_distance,
    average_queries,
    average_queries_of_attempts,
    average_run_time,
    icr,
    identifiers_changed_in_successes,
    query_curve,
    raw_attack_success_rate,
    relative_drop,
    robust_accuracy,
    robustness_drop,
    tcr,
    tokens_changed_in_successes,
    valid_share,
    worst_case,
)

S, F, X, M, N, E = (
    Verdict.SUCCEEDED,
    Verdict.FAILED,
    Verdict.INVALID,
    Verdict.SKIPPED_MISPREDICTED,
    Verdict.SKIPPED_NO_TARGET,
    Verdict.ERROR,
)
VERDICTS = [S, S, F, F, F, M, N, E]


def test_success_rate_counts_attempted_attacks_only() -> None:
    assert attack_success_rate(VERDICTS) == pytest.approx(2 / 5)
    assert attack_success_rate([M, N, E]) is None


def test_an_invalid_program_is_a_success_in_raw_counts_only() -> None:
    verdicts, rejected = [S, S, F, F, X, M, N, E], [0, 2, 1, 0, 1, 0, 0, 9]
    assert attack_success_rate(verdicts) == pytest.approx(2 / 5)
    assert raw_attack_success_rate(verdicts, rejected) == pytest.approx(4 / 5)
    assert valid_share(verdicts, rejected) == pytest.approx(2 / 6)
    assert robust_accuracy(verdicts) == pytest.approx(4 / 7)
    assert raw_attack_success_rate([M], [0]) is None
    assert valid_share([F], [0]) is None
    assert worst_case(["a", "a", "b", "b"], [X, F, S, X]) == [X, S]


def test_queries_and_seconds_of_attempts() -> None:
    assert average_queries([S, F, M], [10, 30, 0]) == 10
    assert average_queries_of_attempts([S, F, M], [10, 30, 0]) == 20
    assert average_queries_of_attempts([M], [0]) is None
    assert average_run_time([S, F, M], 3.0) == 1.5
    assert average_run_time([M], 3.0) is None


def test_change_rates_of_successes_are_means_of_shares() -> None:
    assert icr([S, S, F], [1, 2, None], [2, 8, 10]) == pytest.approx(3 / 20)
    assert identifiers_changed_in_successes([S, S, F], [1, 2, None], [2, 8, 10]) == pytest.approx((1 / 2 + 2 / 8) / 2)
    assert tokens_changed_in_successes([S, F], [5, None], [20, 1]) == pytest.approx(1 / 4)
    assert identifiers_changed_in_successes([F], [None], [3]) is None
    assert average_name_distance([S, S, F], [0.5, None, 0.9]) == 0.5


def test_robust_accuracy_is_over_all_examples_but_errors() -> None:
    assert robust_accuracy(VERDICTS) == pytest.approx(4 / 7)
    assert robust_accuracy([E]) is None
    assert robust_accuracy([]) is None


def test_rows_as_read_from_parquet_give_the_same_numbers() -> None:
    column = np.array([verdict.value for verdict in VERDICTS], dtype=object)
    assert attack_success_rate(column) == attack_success_rate(VERDICTS)
    assert robust_accuracy(column) == robust_accuracy(VERDICTS)


def test_robustness_drop_compares_the_same_examples() -> None:
    assert robustness_drop([F, F, S, E], [F, S, S, F]) == pytest.approx(-1 / 3)
    assert robustness_drop([E], [F]) is None
    with pytest.raises(ValueError, match="same examples"):
        robustness_drop([F], [F, F])


def test_relative_drop_of_285_percent() -> None:
    assert relative_drop(0.90, 0.80, 0.88, 0.495) == pytest.approx(285.0)
    assert relative_drop(0.9, 0.9, 0.9, 0.5) is None


def test_queries_are_averaged_over_successes() -> None:
    queries = [10, 30, 500, 500, 500, 0, 0, 7]
    assert average_queries(VERDICTS, queries) == 20.0
    assert average_queries([F], [500]) is None


def test_query_curve_grows_to_the_success_rate() -> None:
    curve = query_curve(VERDICTS, [10, 30, 500, 500, 500, 0, 0, 7], [0, 10, 29, 30, 1000])
    assert curve is not None
    np.testing.assert_allclose(curve, [0.0, 0.2, 0.2, 0.4, 0.4])
    assert query_curve([M], [0], [1]) is None


def test_change_rates_have_failures_in_the_denominator() -> None:
    total = [4, 6, 5, 5, 0, 99, 0, 99]
    changed = [1, 3, None, None, None, None, None, None]
    assert icr(VERDICTS, changed, total) == pytest.approx(4 / 20)
    assert tcr(VERDICTS, changed, total) == pytest.approx(4 / 20)
    assert icr([F], [None], [0]) is None
    assert icr([S], [None], [4]) is None


def test_null_is_not_measured_and_never_zero() -> None:
    assert acs(VERDICTS, [0.9, None, 0.1, None, None, None, None, None]) == pytest.approx(0.9)
    assert acs(VERDICTS, [None] * 8) is None
    assert aed(VERDICTS, [6, 10, None, None, None, None, None, None]) == 8.0


def test_worst_case_is_robust_only_where_every_attack_failed() -> None:
    examples = ["a", "b", "c", "a", "b", "c"]
    verdicts = ["FAILED", "FAILED", "ERROR", "SUCCEEDED", "FAILED", "FAILED"]
    assert worst_case(examples, verdicts) == ["SUCCEEDED", "FAILED", "FAILED"]
