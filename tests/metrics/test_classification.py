"""Quality metrics: against scikit-learn, and at the edges where a number does not exist."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.metrics import accuracy, f1, matthews, precision, recall

reference = pytest.importorskip("sklearn.metrics")


def pairs(n_labels: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    return st.lists(st.tuples(st.integers(0, n_labels - 1), st.integers(0, n_labels - 1)), min_size=1, max_size=30)


@given(pairs(2))
def test_two_classes_agree_with_scikit_learn_wherever_the_number_exists(rows: Sequence[tuple[int, int]]) -> None:
    labels, predictions = zip(*rows, strict=True)
    assert accuracy(labels, predictions) == pytest.approx(reference.accuracy_score(labels, predictions))
    for ours, theirs in (
        (precision, reference.precision_score),
        (recall, reference.recall_score),
        (f1, reference.f1_score),
    ):
        value = ours(labels, predictions, 2)
        expected = theirs(labels, predictions, zero_division=0)
        assert value is None or value == pytest.approx(expected)


@given(pairs(5))
def test_more_classes_are_macro_averaged_as_in_scikit_learn(rows: Sequence[tuple[int, int]]) -> None:
    labels, predictions = zip(*rows, strict=True)
    for ours, theirs in (
        (precision, reference.precision_score),
        (recall, reference.recall_score),
        (f1, reference.f1_score),
    ):
        expected = theirs(labels, predictions, average="macro", zero_division=0)
        assert ours(labels, predictions, 5) == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:A single label")
@given(st.integers(2, 4).flatmap(pairs))
def test_matthews_agrees_with_scikit_learn(rows: Sequence[tuple[int, int]]) -> None:
    labels, predictions = zip(*rows, strict=True)
    value = matthews(labels, predictions, 4)
    assert (value or 0.0) == pytest.approx(reference.matthews_corrcoef(labels, predictions))
    assert (value is None) == (len(set(labels)) == 1 or len(set(predictions)) == 1)


def test_a_collapsed_student_has_no_precision_and_no_correlation_but_an_f1_of_zero() -> None:
    labels, predictions = [0, 1, 1], [0, 0, 0]
    assert precision(labels, predictions, 2) is None
    assert matthews(labels, predictions, 2) is None
    assert recall(labels, predictions, 2) == 0.0
    assert f1(labels, predictions, 2) == 0.0


def test_without_positives_there_is_no_recall() -> None:
    assert recall([0, 0], [0, 1], 2) is None
    assert f1([0, 0], [0, 0], 2) is None


def test_lengths_and_classes_are_checked() -> None:
    with pytest.raises(ValueError, match="equally long"):
        accuracy([0, 1], [0])
    with pytest.raises(ValueError, match="not empty"):
        accuracy([], [])
    with pytest.raises(ValueError, match=r"range\(2\)"):
        precision([0, 2], [0, 1], 2)
