"""Two sides on the same examples: how far apart they are, and whether that is more than chance.

A *unit* is what both sides were tried on: one example, under one attack and seed, of one teacher. Units that one side
lacks are left out. Examples are what is drawn and tested: all units of one example have one value, their mean, so that
neither seeds, nor models, nor attacks pass for further examples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.groups import grouped
from analysis.operations import CONDITION, mean_interval
from analysis.papers.findings import BY_INTERVAL, Evidence
from analysis.statistics import mcnemar, wilcoxon
from robust_ray import metrics
from robust_ray.core.arrays import BoolArray, FloatArray, IntArray
from robust_ray.core.examples import generator
from robust_ray.metrics import wilson_interval

UNIT = ["teacher", "attack_name", "seed", "uid"]
EXAMPLE = ["task_name", "uid"]

Ends = tuple[float | None, float | None]


def units(frame: pd.DataFrame, unit: Sequence[str] = UNIT, condition: Sequence[str] = CONDITION) -> pd.DataFrame:
    """The frame with whole numbers for what a row is about: ``unit``, ``example`` and ``condition``."""
    numbered = {"unit": unit, "example": EXAMPLE, "condition": condition}
    return frame.assign(**{name: grouped(frame, by).of_row for name, by in numbered.items()})


def contrast(
    frame: pd.DataFrame, value: FloatArray, first: BoolArray, second: BoolArray, *, is_tested: bool = True
) -> Evidence | None:
    """The second side minus the first; None where they share no unit.

    Args:
        frame: ``n`` rows with their :func:`units`.
        value: ``(n,)`` what is compared, NaN where it was not measured.
        first: ``(n,)`` rows of the one side.
        second: ``(n,)`` rows of the other.
        is_tested: Whether the difference is tested against zero; a margin is judged by the interval.
    """
    unit = frame["unit"].to_numpy()
    sides = [_means(unit, np.where(mask, value, np.nan)) for mask in (first, second)]
    shared = np.flatnonzero(~np.isnan(sides[0]) & ~np.isnan(sides[1]))
    if not len(shared):
        return None
    one, other = (side[shared] for side in sides)
    examples, conditions = (_of_units(frame[name].to_numpy(), unit)[shared] for name in ("example", "condition"))
    of_first, of_second = (_known(_means(examples, side)) for side in (one, other))
    of_conditions = _known(_means(conditions, other - one))
    differences = of_second - of_first
    effect = float(differences.mean())
    low, high = _interval(of_first, of_second)
    test, p_value = _test(of_first, of_second) if is_tested else (BY_INTERVAL, None)
    return Evidence(
        test=test,
        n=len(differences),
        effect=effect,
        low=low,
        high=high,
        p_value=p_value,
        agree=(int((np.sign(of_conditions) == np.sign(effect)).sum()), len(of_conditions)),
    )


def share(frame: pd.DataFrame, happened: BoolArray) -> Evidence | None:
    """How often something happened, in the mean over examples; None where there is no row."""
    if frame.empty:
        return None
    examples = _known(_means(frame["example"].to_numpy(), happened.astype(np.float64)))
    low, high = share_ends(examples)
    return Evidence(test=BY_INTERVAL, n=len(examples), effect=float(examples.mean()), low=low, high=high)


def share_ends(examples: FloatArray, confidence: float = 0.95) -> Ends:
    """Interval of a share: Wilson's where every example says yes or no, else a bootstrap of their means.

    Args:
        examples: ``(n,)`` in [0, 1], one an example.
        confidence: Of the interval.
    """
    if np.isin(examples, (0.0, 1.0)).all():
        return wilson_interval(int(examples.sum()), len(examples), confidence) or (None, None)
    rng = generator("analysis", "bootstrap")
    return metrics.mean_interval(examples, rng, confidence=confidence) or (None, None)


def _means(number: IntArray, value: FloatArray) -> FloatArray:
    """``(k,)`` mean of the values of each number, those that are NaN left out; NaN where there is none."""
    known = ~np.isnan(value)
    size = int(number.max(initial=-1)) + 1
    total = np.bincount(number[known], weights=value[known], minlength=size)
    count = np.bincount(number[known], minlength=size)
    means = np.full(size, np.nan)
    means[count > 0] = total[count > 0] / count[count > 0]
    return means


def _of_units(number: IntArray, unit: IntArray) -> IntArray:
    """``(k,)`` what each unit is of."""
    found = np.zeros(int(unit.max(initial=-1)) + 1, dtype=np.int64)
    found[unit] = number
    return found


def _known(values: FloatArray) -> FloatArray:
    return values[~np.isnan(values)]


def _interval(first: FloatArray, second: FloatArray) -> Ends:
    """A bootstrap; where no share differs, what so few examples could have hidden."""
    both = np.concatenate([first, second])
    if np.array_equal(first, second) and both.min() >= 0 and both.max() <= 1:
        unseen = wilson_interval(0, len(first))
        assert unseen is not None  # there is an example
        return -unseen[1], unseen[1]
    return mean_interval(second - first, np.arange(len(first)))


def _test(first: FloatArray, second: FloatArray) -> tuple[str, float | None]:
    if np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all():
        return "McNemar's exact test", mcnemar(first > 0, second > 0).p_value
    return "Wilcoxon's signed ranks", wilcoxon(first, second).p_value
