"""Outputs in another order than the classes are told from outputs that are merely bad."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Question
from robust_ray.models.checks.label_order import better_order, require_order

QUESTION = Question(label_names=("safe", "vulnerable"), segments=1, language="c")


def answers(accuracy: float, n: int, n_labels: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are right so often, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_labels, size=n)
    wrong = (labels + rng.integers(1, n_labels, size=n)) % n_labels
    return np.where(rng.random(n) < accuracy, labels, wrong), labels


@pytest.mark.parametrize(("accuracy", "n"), [(0.62, 2732), (0.9, 60)])
def test_swapped_outputs_are_found_and_named(accuracy: float, n: int) -> None:
    predictions, labels = answers(accuracy, n)
    require_order(predictions, labels, QUESTION, "teacher")
    with pytest.raises(ModelError, match=r"teacher: .* they are \['vulnerable', 'safe'\]; name them in that order"):
        require_order(1 - predictions, labels, QUESTION, "teacher")


@pytest.mark.parametrize("n_labels", [2, 3, 66])
@pytest.mark.parametrize("n", [1, 20, 132, 1000])
def test_chance_is_hardly_ever_an_order(n_labels: int, n: int) -> None:
    rng = np.random.default_rng(n)
    draws = [rng.integers(n_labels, size=(2, n)) for _ in range(100)]
    assert sum(better_order(predictions, labels, n_labels) is not None for predictions, labels in draws) <= 2


@given(st.permutations(range(5)), st.integers(0, 100))
def test_any_order_of_many_classes_is_found(order: list[int], seed: int) -> None:
    predictions, labels = answers(0.7, 500, 5, seed)
    better = better_order(np.argsort(order)[predictions], labels, 5)
    assert better is None if order == sorted(order) else better is not None and list(better.classes) == order


def test_one_answer_for_all_is_bad_but_in_order() -> None:
    labels = np.array([1] * 90 + [0] * 10)
    assert better_order(np.zeros(100, dtype=np.int64), labels, 2) is None


def test_nothing_to_judge_by_is_no_order() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert better_order(nothing, nothing, 2) is None
