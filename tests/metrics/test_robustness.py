"""Success and robustness on a handful of rows whose numbers can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from robust_ray.metrics import (
    attack_success_rate,
    raw_attack_success_rate,
    relative_drop,
    robust_accuracy,
    robustness_drop,
    transfer_rate,
    valid_share,
    worst_case,
)
from tests.metrics.verdicts import VERDICTS, E, F, M, N, S, X


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


def test_transfer_rate_is_over_the_examples_that_the_other_victim_gets_right() -> None:
    assert transfer_rate([True, True, False, True], [True, False, None, False]) == pytest.approx(1 / 3)
    assert transfer_rate([False], [None]) is None
    assert transfer_rate([], []) is None


def test_relative_drop_of_285_percent() -> None:
    assert relative_drop(0.90, 0.80, 0.88, 0.495) == pytest.approx(285.0)
    assert relative_drop(0.9, 0.9, 0.9, 0.5) is None


def test_worst_case_is_robust_only_where_every_attack_failed() -> None:
    examples = ["a", "b", "c", "a", "b", "c"]
    verdicts = ["FAILED", "FAILED", "ERROR", "SUCCEEDED", "FAILED", "FAILED"]
    assert worst_case(examples, verdicts) == ["SUCCEEDED", "FAILED", "FAILED"]
