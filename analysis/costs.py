"""How good is each student on clean code, and what does it cost? Columns for the rows of the evaluations."""

from __future__ import annotations

import pandas as pd

from analysis.operations import prepare, teacher_first
from analysis.tables import Column, count, megabytes, milliseconds, number, percent, text
from robust_ray.metrics import wilson_interval

STUDENT = [Column("compression_name", "compression", text), Column("seed", "seed", count, if_it_differs=True)]

QUALITY = [
    *STUDENT,
    Column("n", "n", count, "Examples of the clean test split."),
    Column("accuracy", "accuracy", percent, "Share of right answers."),
    Column("unigram_accuracy", "word counts", percent, "Accuracy of naive Bayes over bags of tokens: the bar to beat."),
    Column("precision", "precision", percent),
    Column("recall", "recall", percent),
    Column("f1", "F1", percent),
    Column("mcc", "MCC", number, "Matthews correlation coefficient."),
    Column("bleu", "BLEU", percent, "Mean smoothed sentence BLEU-4 of the summaries."),
    Column("corpus_bleu", "corpus BLEU", percent, "BLEU-4 of all summaries together."),
    Column("rouge_l", "ROUGE-L", percent, "Mean F-measure of the longest common subsequence of words."),
    Column("chrf", "chrF", percent, "Mean character n-gram F-score."),
    Column("exact_match", "exact", percent, "Summaries that equal the reference."),
    Column("truncated_share", "cut off", percent, "Examples longer than the model's window."),
    Column("noted_share", "partly read", percent, "Examples of which the model could not read all it means to."),
]
COST = [
    *STUDENT,
    Column("parameters", "parameters", count),
    Column("nonzero_parameters", "nonzero", count),
    Column("bytes", "size", megabytes, "Weights on disk, as stored."),
    Column("compressed_bytes", "packed", megabytes, "The same files through zstd level 19."),
    Column("latency_p50", "latency", milliseconds, "One example alone, median."),
    Column("latency_p95", "p95", milliseconds, "One example alone, 95th percentile."),
    Column("throughput", "examples/s", number, "Through the batched path."),
    Column("peak_memory", "memory", megabytes),
    Column("device", "device", text, "What the times were measured on."),
]


def costs(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Evaluations in reading order, with the interval of the accuracy where there are classes."""
    shares = {f"{name}_share": evaluations[name] / evaluations["n"] for name in ("truncated", "noted")}
    ends = [_interval(*pair) for pair in zip(evaluations["accuracy"], evaluations["n"], strict=True)]
    bounds = pd.DataFrame(ends, columns=["accuracy_low", "accuracy_high"], index=evaluations.index)
    return prepare(evaluations.assign(**shares).join(bounds), teacher_first("seed", "device"))


def _interval(accuracy: float, n: int) -> tuple[float | None, float | None]:
    return (None, None) if pd.isna(accuracy) else wilson_interval(round(accuracy * n), n) or (None, None)
