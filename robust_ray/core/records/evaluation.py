"""What a student is worth and costs on clean examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import CellRecord


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord(CellRecord):
    """One student on a clean split: quality and honest cost."""

    table: ClassVar[str] = "evaluations"

    split: str
    """``test`` or ``valid``."""

    n: int
    """Examples."""

    accuracy: float
    """Share of right answers."""

    precision: float | None
    """Of class 1 for two classes, macro-averaged for more; null when nothing was predicted positive."""

    recall: float | None
    """Of class 1 for two classes, macro-averaged for more."""

    f1: float | None
    """Harmonic mean of the two; for more than two classes the mean of each class's."""

    mcc: float | None
    """Matthews correlation coefficient; null when a margin of the confusion matrix is empty."""

    unigram_accuracy: float | None
    """Accuracy on the same split of a naive Bayes classifier over bags of tokens: what word counts alone can do."""

    parameters: int
    """Numbers in the network's weights and buffers that training made."""

    nonzero_parameters: int
    """Those that are not zero."""

    bytes: int
    """Size of the weights on disk, as stored."""

    compressed_bytes: int
    """The same files through zstd level 19: what pruning saves once packed."""

    latency_p50: float
    """Seconds for one example alone, median."""

    latency_p95: float
    """Seconds for one example alone, 95th percentile."""

    throughput: float
    """Examples a second through the batched path."""

    latency_tokens: int
    """Length, in tokens, of the examples timed (median)."""

    peak_memory: int | None
    """Bytes: peak allocation of a GPU; on a CPU the process's peak, interpreter included. Null where unreadable."""

    device: str
    """Accelerator the times were measured on."""

    threads: int
    """CPU threads of a forward pass while they were measured."""

    batch_invariant: bool
    """Whether an answer is, up to rounding (1e-6), independent of its batch neighbours."""
