"""BLEU against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from robust_ray.metrics import bleu, corpus_bleu


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


def test_an_underscore_is_a_sign_of_its_own() -> None:
    # get, _, id against get, id: 2 of 2, pairs 0 of 1, no triples and fours
    expected = math.exp((math.log(2 / 2) + math.log(1 / 2) + 0 + 0) / 4 + 1 - 4 / 3)
    assert bleu("get_id", "get id") == pytest.approx(expected)


def test_many_sentences_are_counted_together() -> None:
    # words 5 of 6 + 4 of 4; pairs 4 of 5 + 3 of 3; triples 3 of 4 + 2 of 2; fours 2 of 3 + 1 of 1; 11 words for 10
    references = ["a b c d e", "a b c d x y"]
    sentences = ["a b c d e f", "a b c d"]
    precision = (math.log(9 / 10) + math.log(7 / 8) + math.log(5 / 6) + math.log(3 / 4)) / 4
    assert corpus_bleu(references, sentences) == pytest.approx(math.exp(precision + 1 - 11 / 10))


def test_all_sentences_together_are_not_smoothed() -> None:
    assert corpus_bleu(["a b c"], ["a b c"]) == 0.0
    assert corpus_bleu(["a b c d", "e"], ["a b c d", ""]) == pytest.approx(math.exp(1 - 5 / 4))
    assert corpus_bleu(["a"], [""]) == 0.0
