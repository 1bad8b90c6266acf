"""The naive Bayes baseline: what it can and cannot see, against scikit-learn, and on real code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from robust_ray.metrics import unigram_accuracy


def test_a_telling_word_is_found() -> None:
    train = [("int a = gets(b);",), ("gets(c);",), ("int a = read(b);",), ("read(c);",)]
    assert unigram_accuracy(train, [1, 1, 0, 0], [("gets(x);",), ("y = read(z);",)], [1, 0]) == 1.0


def test_overlap_of_a_pair_is_within_reach_although_single_words_say_nothing() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(40)]
    pairs, labels = [], []
    for label in [0, 1] * 60:
        drawn = rng.choice(words, size=10, replace=False)
        first, second = drawn[:5], drawn[:5] if label else drawn[5:]
        pairs.append((" ".join(first), " ".join(second)))
        labels.append(label)
    assert unigram_accuracy(pairs[:80], labels[:80], pairs[80:], labels[80:]) == 1.0


def test_agrees_with_scikit_learn_on_real_functions(shared_data: Path) -> None:
    bayes = pytest.importorskip("sklearn.naive_bayes")
    text = pytest.importorskip("sklearn.feature_extraction.text")
    splits = {}
    for split in ("train", "test"):
        rows = [json.loads(line) for line in (shared_data / "devign" / f"{split}.jsonl").open()][:300]
        splits[split] = [row["func"] for row in rows], [row["target"] for row in rows]
    (train, train_labels), (test, test_labels) = splits["train"], splits["test"]
    counter = text.CountVectorizer(lowercase=False, token_pattern=r"\w+|[^\w\s]")
    model = bayes.MultinomialNB().fit(counter.fit_transform(train), train_labels)
    expected = model.score(counter.transform(test), test_labels)
    found = unigram_accuracy([(code,) for code in train], train_labels, [(code,) for code in test], test_labels)
    assert found == pytest.approx(expected)


def test_empty_splits_and_missing_labels() -> None:
    assert unigram_accuracy([], [], [("a",)], [0]) is None
    assert unigram_accuracy([("a",)], [0], [], []) is None
    with pytest.raises(ValueError, match="needs a label"):
        unigram_accuracy([("a",)], [0, 1], [("a",)], [0])
