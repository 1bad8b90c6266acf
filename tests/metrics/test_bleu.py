"""BLEU against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from robust_ray.metrics import bleu


def test_the_reference_itself_scores_one() -> None:
    assert bleu("returns the sum of all values", "Returns the sum of all values") == pytest.approx(1.0)


def test_nothing_in_common_scores_nothing() -> None:
    assert bleu("returns the sum", "opens a file") == 0.0
    assert bleu("returns the sum", "") == 0.0
    assert bleu("", "returns") == 0.0


def test_a_half_right_sentence() -> None:
    # words a b x y against a b c d: 2 of 4, then (1+1)/(3+1), (0+1)/(2+1), (0+1)/(1+1), no brevity penalty
    expected = math.exp((math.log(2 / 4) + math.log(2 / 4) + math.log(1 / 3) + math.log(1 / 2)) / 4)
    assert bleu("a b c d", "a b x y") == pytest.approx(expected)


def test_a_short_sentence_pays_for_it() -> None:
    # all of "a b" is right; lengths 4 + 1 over 2 + 1
    assert bleu("a b c d", "a b") == pytest.approx(math.exp(1 - 5 / 3))


def test_punctuation_is_a_token_and_a_repeated_word_counts_as_often_as_in_the_reference() -> None:
    assert bleu("a.b", "a . b") == pytest.approx(1.0)
    assert bleu("a b", "a a") < bleu("a b", "a b")
