"""Whether a classifier's outputs stand in another order than the classes of its task."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from robust_ray.core.arrays import IntArray
from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Question, generator

ERRORS = 3.0
"""Standard errors by which another order must do better before it is believed."""


class BetterOrder(NamedTuple):
    """An order of the outputs that fits the labels better than the order they have."""

    classes: tuple[int, ...]
    """The class of each output."""

    accuracy: float
    """Under this order, on examples that did not choose it."""


def require_order(predictions: IntArray, labels: IntArray, question: Question, where: str) -> None:
    """Refuse a classifier whose outputs are the task's classes in another order.

    Args:
        predictions: ``(n,)`` output of largest probability.
        labels: ``(n,)`` true class.
        question: Whose classes they are.
        where: Which network is judged, for the refusal.

    Raises:
        ModelError: it is better, beyond chance, than itself in the order that it has and than the largest class.
    """
    better = better_order(predictions, labels, question.n_labels)
    if better is None:
        return
    names = [question.label_names[label] for label in better.classes]
    raise ModelError(
        f"{where}: the outputs must be in the order {list(question.label_names)}, but with accuracy "
        f"{better.accuracy:.3f} instead of {float((predictions == labels).mean()):.3f} they are {names}; "
        "name them in that order in `labels`"
    )


def better_order(predictions: IntArray, labels: IntArray, n_labels: int) -> BetterOrder | None:
    """The order under which predictions are right more often, or None where theirs is as good as any.

    Each half of the examples chooses an order for the other half, so that many classes and few examples do not make
    chance look like an order. Right only under the one and right only under the other are then compared by their
    difference (McNemar's test).
    """
    shuffled = generator("label order").permutation(len(labels))
    halves = shuffled[::2], shuffled[1::2]
    then = np.zeros(len(labels), dtype=np.bool_)
    for chooses, judged in (halves, halves[::-1]):
        order = _best_order(predictions[chooses], labels[chooses], n_labels)
        then[judged] = order[predictions[judged]] == labels[judged]
    now = predictions == labels
    gained, lost = int((then & ~now).sum()), int((now & ~then).sum())
    largest = np.bincount(labels, minlength=n_labels).max(initial=0)
    if gained - lost <= ERRORS * math.sqrt(gained + lost) or then.sum() <= largest:
        return None
    classes = _best_order(predictions, labels, n_labels)
    return BetterOrder(tuple(map(int, classes)), float(then.mean()))


def _best_order(predictions: IntArray, labels: IntArray, n_labels: int) -> IntArray:
    """``(n_labels,)`` class of each output, such that most predictions are right."""
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(counts, (predictions, labels), 1)
    return np.asarray(linear_sum_assignment(counts, maximize=True)[1], dtype=np.int64)
