"""What word counts alone can do: the score a code model must beat before its robustness means anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from robust_ray.core.examples import Input

_TOKEN = re.compile(r"\w+|[^\w\s]")


def unigram_accuracy(
    train_texts: Sequence[Input],
    train_labels: npt.ArrayLike,
    test_texts: Sequence[Input],
    test_labels: npt.ArrayLike,
) -> float | None:
    """Accuracy of a multinomial naive Bayes classifier over bags of tokens (Laplace smoothing of 1).

    Tokens are words and single punctuation marks, case kept. Of a pair, every token counts plainly and once more tagged
    by whether it occurs in both segments or in one, so that overlap, the obvious cue to a clone, is within reach.

    Args:
        train_texts: segments of each training example.
        train_labels: ``(n_train,)`` classes.
        test_texts: segments of each example to classify; tokens never seen in training are ignored.
        test_labels: ``(n_test,)`` classes.

    Returns:
        Share of right answers, or None when either split is empty.

    Raises:
        ValueError: texts and labels differ in number.

    Source: Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 2008, section 13.2.
    """
    learned, wanted = np.asarray(train_labels, dtype=np.int64), np.asarray(test_labels, dtype=np.int64)
    if len(learned) != len(train_texts) or len(wanted) != len(test_texts):
        raise ValueError("every text needs a label, and every label a text")
    if not len(learned) or not len(wanted):
        return None
    classes, class_of = np.unique(learned, return_inverse=True)
    counts: list[Counter[str]] = [Counter() for _ in classes]
    for segments, index in zip(train_texts, class_of, strict=True):
        counts[index].update(_features(segments))
    column = {token: i for i, token in enumerate(sorted(set().union(*counts)))}
    smoothed = np.ones((len(column), len(classes)))
    for index, counter in enumerate(counts):
        smoothed[[column[token] for token in counter], index] += list(counter.values())
    log_likelihood = np.log(smoothed) - np.log(np.maximum(smoothed.sum(axis=0), 1))
    log_prior = np.log(np.bincount(class_of) / len(class_of))
    right = 0
    for segments, label in zip(test_texts, wanted, strict=True):
        rows = [column[token] for token in _features(segments) if token in column]
        right += int(classes[np.argmax(log_prior + log_likelihood[rows].sum(axis=0))] == label)
    return right / len(wanted)


def _features(segments: Input) -> Iterator[str]:
    tokens = [_TOKEN.findall(segment) for segment in segments]
    for segment in tokens:
        yield from segment
    if len(tokens) > 1:
        shared = set(tokens[0]).intersection(*tokens[1:])
        for segment in tokens:
            # A blank never occurs in a token, so tagged tokens cannot be mistaken for plain ones.
            yield from ("both " + token if token in shared else "one " + token for token in segment)
