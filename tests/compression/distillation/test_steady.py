"""The best epoch of a student that is examined on variants, too."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
import torch

from robust_ray.compression.distillation import criterion
from robust_ray.compression.distillation.criterion import Steady
from robust_ray.core.machine import Machine
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import Assessment, Classification, Prepared

pytestmark = pytest.mark.torch

SPLIT = Prepared(rows=[], lengths=[], targets=torch.tensor([0, 1, 0, 1]), weights=[])
"""Two examples, and behind them their variants."""


def judged(logits: list[list[float]], monkeypatch: pytest.MonkeyPatch) -> Assessment:
    """A network that answers so."""
    monkeypatch.setattr(criterion, "answers", lambda *_: np.array(logits, dtype=np.float32))
    return Steady(Classification()).assess(cast(Network, cast(Any, None)), SPLIT, Machine(), "cpu")


YES, NO = [0.0, 1.0], [1.0, 0.0]


def test_accuracy_is_that_on_both_alike_and_flips_decide_between_equals(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged([NO, YES, NO, YES], monkeypatch) == Assessment(1.0, 0.0)
    assert judged([NO, YES, YES, NO], monkeypatch) == Assessment(0.5, 1.0)
    assert judged([NO, NO, NO, NO], monkeypatch) == Assessment(0.5, 0.0)


def test_what_is_no_number_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert math.isnan(judged([NO, [math.nan, 0.0], NO, YES], monkeypatch).loss)
