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

    truncated: int
    """Of them, longer than the model's window, so that it did not read them to the end."""

    noted: int
    """Of them, with something that the model could not read as it means to (``no data flow``)."""

    accuracy: float | None
    """Share of right answers; null, as all that needs classes, for tasks that ask for a text."""

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

    bleu: float | None
    """Mean smoothed sentence BLEU-4 of the summaries, in [0, 1]; null, as all about texts, for tasks with classes."""

    corpus_bleu: float | None
    """BLEU-4 of all summaries together, in [0, 1]."""

    rouge_l: float | None
    """Mean F-measure of the longest common subsequence of words, in [0, 1]."""

    chrf: float | None
    """Mean character n-gram F-score, in [0, 1]."""

    exact_match: float | None
    """Share of summaries that equal the reference, word by word."""

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
