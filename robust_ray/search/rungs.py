"""Which proposals are worth attacking on more examples."""

from __future__ import annotations

from collections.abc import Sequence

from robust_ray.search.reading import Reading
from robust_ray.search.settings import Search

CONFIDENCE = 0.8
"""Of the intervals that a proposal is judged by: in one case of ten its number is better than the good end. A loss is
small even then, as another proposal is known that is about as good in everything."""


def goes_on(search: Search, reading: Reading, others: Sequence[Sequence[float]]) -> bool:
    """Whether a proposal may still come to the front, as far as the examples of a rung say.

    It may not where it breaks a bound for good, or where another proposal is at least as good in every objective, and
    better in one, even if the proposal's own numbers are really at the good ends of their intervals. Unlike halving,
    this throws away no fixed share: many settings may be on the front, and members of a front have no order.

    Args:
        search: The objectives.
        reading: The proposal at the rung.
        others: Values of those that keep all bounds, measured on the same examples.
    """
    if reading.is_hopeless:
        return False
    signs = [1.0 if objective.direction == "minimize" else -1.0 for objective in search.objectives]
    hope = [
        min(sign * end for end in (interval or (value,)))
        for sign, value, interval in zip(signs, reading.values, reading.intervals, strict=True)
    ]
    losses = ([sign * value for sign, value in zip(signs, other, strict=True)] for other in others)
    return not any(_beats(other, hope) for other in losses)


def _beats(loss: Sequence[float], hope: Sequence[float]) -> bool:
    pairs = list(zip(loss, hope, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
