"""From the rows of a student and its teacher to what a study is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from robust_ray import metrics
from robust_ray.core.examples import generator
from robust_ray.metrics.columns import STANDING, are
from robust_ray.search.measures import METRICS, Metric, Rows, Sample
from robust_ray.search.settings import Bound, Objective, Quantity, Search

Interval = tuple[float, float]

RESAMPLES = 500
"""Draws behind an interval."""


class Pair(NamedTuple):
    """What was measured on one task."""

    student: Rows
    teacher: Rows


class Reading(NamedTuple):
    """What is known of a proposal."""

    values: tuple[float, ...]
    """In the order of the objectives."""

    constraints: dict[str, float]
    """Each bound in words, and by how much it is broken: feasible at most 0."""

    intervals: tuple[Interval | None, ...]
    """Of each value, as far as the choice of attacked examples decides it; None where it does not."""

    is_hopeless: bool
    """Whether a bound is broken that no further attacked example can mend."""


def measure(search: Search, pairs: Sequence[Pair], confidence: float) -> Reading:
    """What a student was measured to be on one task or, as the search says, over several.

    Args:
        search: Objectives and constraints.
        pairs: One a task.
        confidence: Of the intervals, in (0, 1).

    Raises:
        ValueError: a metric could not be measured (its rows are missing); such a proposal has failed.
    """
    ends = [_interval(objective, pairs, confidence, search) for objective in search.objectives]
    violations = {bound.sentence: max(_violation(bound, pair) for pair in pairs) for bound in search.constraints}
    settled = [violations[bound.sentence] for bound in search.constraints if not METRICS[bound.metric].under_attack]
    return Reading(
        values=tuple(
            _over_tasks(search, objective, [_number(objective, pair) for pair in pairs])
            for objective in search.objectives
        ),
        constraints=violations,
        intervals=tuple(ends),
        is_hopeless=any(violation > 0 for violation in settled),
    )


def _over_tasks(search: Search, objective: Objective, numbers: Sequence[float]) -> float:
    if search.over_tasks == "worst":
        return min(numbers) if objective.direction == "maximize" else max(numbers)
    return float(np.mean(numbers))


def _number(quantity: Quantity, pair: Pair) -> float:
    value = METRICS[quantity.metric].number(*_sample(quantity, pair).columns)
    if value is None or not np.isfinite(value):
        raise ValueError(f"{quantity.name} could not be measured on this student")
    return value


def _sample(quantity: Quantity, pair: Pair) -> Sample:
    return METRICS[quantity.metric].sample(pair.student.of(quantity), pair.teacher.of(quantity))


def _violation(bound: Bound, pair: Pair) -> float:
    value = _number(bound, pair)
    if bound.at_most is not None:
        return value - bound.at_most
    if bound.at_least is not None:
        return bound.at_least - value
    assert bound.below_teacher is not None  # Bound holds exactly one of the three
    return _number(bound, Pair(pair.teacher, pair.teacher)) - bound.below_teacher - value


def _interval(objective: Objective, pairs: Sequence[Pair], confidence: float, search: Search) -> Interval | None:
    """Over several tasks each end is that over the tasks' ends: wide rather than narrow."""
    metric = METRICS[objective.metric]
    if not metric.under_attack:
        return None
    ends = [_ends(metric, _sample(objective, pair), confidence) for pair in pairs]
    known = [each for each in ends if each is not None]
    if len(known) < len(ends):
        return None
    low, high = (_over_tasks(search, objective, side) for side in zip(*known, strict=True))
    return low, high


def _ends(metric: Metric, sample: Sample, confidence: float) -> Interval | None:
    """Wilson's for a share of examples each met once, as in the analysis; else from resampling whole examples."""
    once = len(np.unique(sample.examples)) == len(sample.examples)
    if metric.number is metrics.robust_accuracy and once:
        known = ~are(sample.columns[0], metrics.SEVERITY[0])
        return metrics.wilson_interval(int(are(sample.columns[0], *STANDING).sum()), int(known.sum()), confidence)
    rows = np.arange(len(sample.examples))

    def statistic(drawn: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float | None:
        return metric.number(*(column[drawn.astype(np.intp)] for column in sample.columns))

    return metrics.bootstrap_interval(
        rows,
        statistic,
        generator("search", "interval"),
        clusters=sample.examples,
        resamples=RESAMPLES,
        confidence=confidence,
    )
