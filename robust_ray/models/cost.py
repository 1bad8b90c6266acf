"""What a student costs, honestly: numbers stored, bytes on disk, seconds on this machine."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import zstandard
from torch import Tensor, nn

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input
from robust_ray.core.machine import Machine
from robust_ray.core.victim import Answers
from robust_ray.models.alterations import DESCRIBES_A_WEIGHT
from robust_ray.models.victim import NetworkVictim

ZSTD_LEVEL = 19
WARM_UP = 3
"""Calls before the clock starts."""

TIMED = 50
"""Calls timed one at a time."""


class Cost(NamedTuple):
    """The columns of an evaluation row that say what a student costs."""

    parameters: int
    """Numbers in the network's weights and buffers that training made."""

    nonzero_parameters: int
    """Those that are not zero."""

    bytes: int
    """Size of the weights on disk, as stored."""

    compressed_bytes: int
    """The same files through zstd level 19."""

    latency_p50: float
    """Seconds for one example alone, from text to probabilities, median."""

    latency_p95: float
    """Seconds, 95th percentile."""

    throughput: float
    """Distinct examples a second through the batched path, tokenizer included."""

    latency_tokens: int
    """Tokens of the examples timed (median)."""

    peak_memory: int | None
    """Bytes: peak allocation of a GPU; on a CPU the process's peak, interpreter included. None where unreadable."""


def measure(folder: Path, victim: NetworkVictim, inputs: Sequence[Input], machine: Machine) -> Cost:
    """The cost of the student at ``folder``, timed on ``inputs`` (at least one), each as if seen for the first time."""
    victim = victim.afresh()
    timed = inputs[:TIMED]
    seconds = latency(victim, timed, repeats=-(-TIMED // len(timed)))
    with _PeakMemory(victim.device) as memory:
        rate = throughput(victim, inputs, machine.max_batch_tokens)
    files = sorted(folder.glob("*.safetensors"))
    tensors = list(weights(victim.network.module))
    return Cost(
        parameters=sum(tensor.numel() for tensor in tensors),
        nonzero_parameters=sum(int(torch.count_nonzero(tensor)) for tensor in tensors),
        bytes=sum(file.stat().st_size for file in files),
        compressed_bytes=sum(map(compressed_size, files)),
        latency_p50=float(np.percentile(seconds, 50)),
        latency_p95=float(np.percentile(seconds, 95)),
        throughput=rate,
        latency_tokens=int(np.median(victim.tokens(timed))),
        peak_memory=memory.bytes,
    )


def weights(module: nn.Module) -> Iterable[Tensor]:
    """The tensors a checkpoint stores, shared ones once, without those that only say how another is stored."""
    seen: set[int] = set()
    for name, tensor in module.state_dict().items():
        if name.rsplit(".", 1)[-1] not in DESCRIBES_A_WEIGHT and tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            yield tensor


def compressed_size(file: Path) -> int:
    """Bytes of a file through zstd level 19, one thread, as a stream."""
    with file.open("rb") as stream:
        chunks = zstandard.ZstdCompressor(level=ZSTD_LEVEL).read_to_iter(stream, size=file.stat().st_size)
        return sum(map(len, chunks))


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


def throughput(victim: NetworkVictim, inputs: Sequence[Input], max_batch_tokens: int) -> float:
    """Distinct inputs a second through the path the attacks use."""
    start = time.perf_counter()
    answer = Answers(victim, max_batch_tokens).ask(inputs)
    return float(answer.computed.sum() / (time.perf_counter() - start))


class _PeakMemory:
    """Bytes in use at the peak of a block of work, where the machine can tell."""

    bytes: int | None = None

    def __init__(self, device: str) -> None:
        self._on_gpu = device != "cpu"
        self._was_reset = False

    def __enter__(self) -> _PeakMemory:
        if self._on_gpu:
            torch.cuda.reset_peak_memory_stats()
        else:
            self._was_reset = _reset_high_water_mark()
        return self

    def __exit__(self, *_: object) -> None:
        if self._on_gpu:
            self.bytes = torch.cuda.max_memory_allocated()
        elif self._was_reset:
            self.bytes = _high_water_mark()


def _reset_high_water_mark() -> bool:
    """Forget the process's peak so far; False where the kernel does not let it be forgotten (Linux does)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _high_water_mark() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
