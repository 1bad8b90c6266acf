"""How good answers are: the columns of an evaluation that say so, for classes and for texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from robust_ray import metrics
from robust_ray.core.arrays import IntArray

Columns = dict[str, Any]
"""Column → value."""

OF_CLASSES = ("accuracy", "precision", "recall", "f1", "mcc", "unigram_accuracy", "rewritten", "flips")
"""Null for tasks that ask for a text."""

OF_TEXTS = ("bleu", "corpus_bleu", "rouge_l", "chrf", "exact_match")
"""Null for tasks with classes."""


def of_classes(labels: IntArray, predictions: IntArray, n_labels: int) -> Columns:
    """The quality of ``(n,)`` predicted classes, without the baseline's and what variants of the examples say."""
    return dict.fromkeys(OF_TEXTS) | {
        "accuracy": metrics.accuracy(labels, predictions),
        "precision": metrics.precision(labels, predictions, n_labels),
        "recall": metrics.recall(labels, predictions, n_labels),
        "f1": metrics.f1(labels, predictions, n_labels),
        "mcc": metrics.matthews(labels, predictions, n_labels),
    }


def of_texts(references: Sequence[str], texts: Sequence[str]) -> Columns:
    """The quality of written texts, at least one."""
    pairs = list(zip(references, texts, strict=True))
    return dict.fromkeys(OF_CLASSES) | {
        "bleu": float(np.mean([metrics.bleu(*pair) for pair in pairs])),
        "corpus_bleu": metrics.corpus_bleu(references, texts),
        "rouge_l": float(np.mean([metrics.rouge_l(*pair) for pair in pairs])),
        "chrf": float(np.mean([metrics.chrf(*pair) for pair in pairs])),
        "exact_match": float(np.mean([metrics.is_exact(*pair) for pair in pairs])),
    }
