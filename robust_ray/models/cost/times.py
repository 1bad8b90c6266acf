"""Seconds: of one example alone, and of many in batches."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input
from robust_ray.core.victim import Answers
from robust_ray.models.victim import NetworkVictim

WARM_UP = 3
"""Calls before the clock starts."""


class Speed(NamedTuple):
    """Work, and the time it took."""

    examples: int
    """Distinct ones."""

    seconds: float


def latency(victim: NetworkVictim, inputs: Sequence[Input], repeats: int) -> FloatArray:
    """``(repeats * n,)`` seconds of one input alone, from text to probabilities, after a warm-up."""
    for one in itertools.islice(itertools.cycle(inputs), WARM_UP):
        victim.predict(victim.encode([one]))
    seconds = []
    for one in itertools.chain.from_iterable(itertools.repeat(inputs, repeats)):
        start = time.perf_counter()
        victim.predict(victim.encode([one]))
        seconds.append(time.perf_counter() - start)
    return np.array(seconds)


def throughput(victim: NetworkVictim, inputs: Sequence[Input], max_batch_tokens: int) -> Speed:
    """Distinct inputs answered through the path the attacks use, and the seconds it took."""
    start = time.perf_counter()
    answer = Answers(victim, max_batch_tokens).ask(inputs)
    return Speed(int(answer.computed.sum()), time.perf_counter() - start)
