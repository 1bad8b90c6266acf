"""Which columns of an evaluation speak of classes, and which of texts."""

from __future__ import annotations

import numpy as np
import pytest

from robust_ray import metrics
from robust_ray.core.records import EvaluationRecord
from robust_ray.stages import quality


def test_classes_leave_texts_null() -> None:
    labels, predictions = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])
    columns = quality.of_classes(labels, predictions, 2)
    assert columns["accuracy"] == 0.75
    assert columns["f1"] == pytest.approx(2 / 3)
    assert {name for name, value in columns.items() if value is None} == set(quality.OF_TEXTS)


def test_texts_leave_classes_null() -> None:
    references, texts = ["opens the file", "closes the file"], ["opens the file", "opens a door"]
    columns = quality.of_texts(references, texts)
    assert columns["exact_match"] == 0.5
    assert columns["bleu"] == pytest.approx((1 + metrics.bleu(references[1], texts[1])) / 2)
    assert columns["corpus_bleu"] == metrics.corpus_bleu(references, texts)
    assert {name for name, value in columns.items() if value is None} == set(quality.OF_CLASSES)


def test_every_column_is_one_of_an_evaluation() -> None:
    fields = EvaluationRecord.__dataclass_fields__
    assert {*quality.OF_CLASSES, *quality.OF_TEXTS} <= set(fields)
