"""The hub is asked once, and briefly."""

from __future__ import annotations

import time

import pytest
from huggingface_hub import constants

from robust_ray.core.online import SECONDS, hub_answers


def test_where_nothing_answers_the_question_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    start = time.monotonic()
    assert not hub_answers()
    assert time.monotonic() - start < 2 * SECONDS
