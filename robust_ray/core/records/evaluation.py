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

    rewritten: int | None
    """Examples of which a variant with other names of functions and parameters was asked about; null, as the next, for
    tasks that ask for a text."""

    flips: int | None
    """Of them, those whose variant is answered otherwise (metamorphic prediction flips)."""

    parameters: int
    """Numbers in the network's weights and buffers that training made, however they are stored."""

    nonzero_parameters: int
    """Those that are not zero."""

    bytes: int
    """Size of the weights on disk, as stored: packed where they are packed, sparse where that is smaller."""

    compressed_bytes: int
    """The same files through zstd level 6."""

    loaded_bytes: int
    """Size of the weights in memory, once the network has answered: there a zero is as large as any number, and what
    is unpacked once to compute with counts beside what it is unpacked from."""

    flops: int
    """Operations of all matrix products for one example alone, of ``latency_tokens`` tokens, counted as executed: a
    zero weight as much as any other, whole numbers as much as floating ones."""

    formula_flops: int | None
    """The same example by the formula of Compressor, AVATAR and MORPH, which takes embeddings for products; null
    for what is no stack of whole layers of BERT's or RoBERTa's class."""

    latency_p50: float
    """Seconds for one example alone, from text to answer, median."""

    latency_p95: float
    """Seconds for one example alone, 95th percentile."""

    latency_tokens: int
    """Length, in tokens, of the examples timed (median)."""

    throughput: float
    """Distinct examples a second through the batched path, tokenizer included."""

    batch_tokens: int
    """Padded tokens in one of its batches at most."""

    energy: float | None
    """Joules for an example on that path, of the whole processor or GPU; null where its counters cannot be read."""

    peak_memory: int | None
    """Bytes at the peak on that path: ``loaded_bytes``, and all that is allocated beside; null where unreadable."""

    device: str
    """Accelerator the times were measured on."""

    threads: int
    """CPU threads of a forward pass while they were measured."""

    batch_invariant: bool
    """Whether an answer is, up to rounding (1e-6), independent of its batch neighbours."""
