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
    """Evaluations in reading order, with the interval of the accuracy."""
    right = (evaluations["accuracy"] * evaluations["n"]).round().astype(int)
    ends = [wilson_interval(*pair) for pair in zip(right, evaluations["n"], strict=True)]
    bounds = pd.DataFrame(
        [end or (None, None) for end in ends], columns=["accuracy_low", "accuracy_high"], index=evaluations.index
    )
    return prepare(evaluations.join(bounds), teacher_first("seed", "device"))
