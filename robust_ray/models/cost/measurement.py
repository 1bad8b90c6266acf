"""The cost of one student, measured once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robust_ray.core.examples import Input
from robust_ray.core.machine import Machine
from robust_ray.models import bert_formula
from robust_ray.models.cost.energy import Energy
from robust_ray.models.cost.memory import PeakMemory
from robust_ray.models.cost.operations import operations
from robust_ray.models.cost.sizes import sizes_of
from robust_ray.models.cost.storage import compressed_size, loaded_bytes, weights
from robust_ray.models.cost.times import latency, throughput
from robust_ray.models.reading.encoding import count, rows_of
from robust_ray.models.victim import NetworkVictim

TIMED = 50
"""Calls timed one at a time, at least."""


class Cost(NamedTuple):
    """The columns of :class:`~robust_ray.core.records.EvaluationRecord` that say what a student costs."""

    parameters: int
    nonzero_parameters: int
    bytes: int
    compressed_bytes: int
    loaded_bytes: int
    flops: int
    formula_flops: int | None
    latency_p50: float
    latency_p95: float
    latency_tokens: int
    throughput: float
    batch_tokens: int
    energy: float | None
    peak_memory: int | None


def measure(folder: Path, victim: NetworkVictim, inputs: Sequence[Input], machine: Machine) -> Cost:
    """The cost of the student at ``folder``, timed on ``inputs`` (at least one), each as if seen for the first time."""
    victim = victim.afresh()
    timed = inputs[:TIMED]
    tokens = victim.tokens(timed)
    middle = sorted(range(len(timed)), key=tokens.__getitem__)[(len(timed) - 1) // 2]
    seconds = latency(victim, timed, repeats=-(-TIMED // len(timed)))
    with PeakMemory(victim.device) as memory, Energy(victim.device) as energy:
        speed = throughput(victim, inputs, machine.max_batch_tokens)
    files = sorted(folder.glob("*.safetensors"))
    numbers = list(weights(victim.network.module))
    loaded = loaded_bytes(victim.network.module)
    return Cost(
        parameters=sum(tensor.numel() for tensor in numbers),
        nonzero_parameters=sum(int((tensor != 0).sum()) for tensor in numbers),
        bytes=sum(file.stat().st_size for file in files),
        compressed_bytes=sum(map(compressed_size, files)),
        loaded_bytes=loaded,
        flops=operations(victim, timed[middle]),
        formula_flops=_formula(victim, timed[middle]),
        latency_p50=float(np.percentile(seconds, 50)),
        latency_p95=float(np.percentile(seconds, 95)),
        latency_tokens=tokens[middle],
        throughput=speed.examples / speed.seconds,
        batch_tokens=machine.max_batch_tokens,
        energy=None if energy.joules is None else energy.joules / speed.examples,
        peak_memory=None if memory.bytes is None else loaded + memory.bytes,
    )


def _formula(victim: NetworkVictim, one: Input) -> int | None:
    """The published formula for one input; for segments read one by one, their sum."""
    sizes = sizes_of(victim.network.module)
    if sizes is None:
        return None
    (rows,) = rows_of(victim.encode([one]))
    read = rows if victim.network.pair_encoding == "siamese" else rows[:1]
    return sum(bert_formula.flops(sizes, count(row)) for row in read)
