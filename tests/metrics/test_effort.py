"""Cost and change on a handful of rows whose numbers can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from robust_ray.metrics import (
    acs,
    aed,
    average_name_distance,
    average_perplexity_ratio,
    average_queries,
    average_queries_of_attempts,
    average_run_time,
    icr,
    identifiers_changed_in_successes,
    query_curve,
    tcr,
    tokens_changed_in_successes,
)
from tests.metrics.verdicts import VERDICTS, F, M, S


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
    assert average_perplexity_ratio(VERDICTS, [None, 1.5, 9.0, None, None, None, None, None]) == 1.5
    assert aed(VERDICTS, [6, 10, None, None, None, None, None, None]) == 8.0
