"""The largest of many: papers report it ("up to 285 %"), and it is larger than its owner deserves.

Of many cells one is the largest also by luck. So each interval is made so wide that all of them hold together
(Bonferroni); then the largest of the true values lies between the largest lower and the largest upper end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.papers.contrasts import share_ends
from analysis.papers.findings import Evidence
from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import generator
from robust_ray.metrics import bootstrap_interval

LEVEL = 0.05

FEWEST = 10
"""Examples without which a cell is not among the many: of two inputs, both are easily violated."""

Statistic = Callable[[FloatArray], float | None]


class Cell(NamedTuple):
    """One of the many."""

    name: str
    values: FloatArray
    """``(n,)`` or ``(n, m)``, one row a measured example; all seeds of one example are one, their mean."""


def cell(name: str, values: FloatArray, examples: pd.Series) -> Cell:
    """The cell of some rows, each of the example that stands beside it."""
    means = pd.DataFrame(values).groupby(examples.to_numpy(), observed=True).mean().to_numpy(dtype=np.float64)
    return Cell(name, means[:, 0] if values.ndim == 1 else means)


def largest(cells: Iterable[Cell], statistic: Statistic | None, unit: str) -> Evidence | None:
    """The largest of a statistic, with an interval that knows of how many; None where no cell has it.

    Args:
        cells: The many.
        statistic: None for a share of yes.
        unit: What a cell is called, several of them.
    """
    told = statistic or mean
    known = [(each, value) for each in cells if len(each.values) >= FEWEST and (value := told(each.values)) is not None]
    if not known:
        return None
    confidence = 1 - LEVEL / len(known)
    ends = [_interval(each.values, statistic, confidence) for each, _ in known]
    name, effect = max(((each.name, value) for each, value in known), key=lambda found: found[1])
    return Evidence(
        test=f"judged by an interval that allows for being the largest of {len(known)}",
        n=len(known),
        unit=unit,
        effect=effect,
        low=max(low for low, _ in ends),
        high=max(high for _, high in ends),
        note=name,
    )


def mean(values: FloatArray) -> float | None:
    """A share of yes."""
    return float(values.mean())


def _interval(values: FloatArray, statistic: Statistic | None, confidence: float) -> tuple[float, float]:
    if statistic is None:
        low, high = share_ends(values, confidence)
    else:
        rng = generator("analysis", "bootstrap")
        low, high = bootstrap_interval(values, statistic, rng, confidence=confidence) or (None, None)
    return (-np.inf if low is None else low), (np.inf if high is None else high)
