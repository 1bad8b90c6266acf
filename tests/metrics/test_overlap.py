"""ROUGE-L, chrF and exact match against values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.metrics import chrf, is_exact, rouge_l

SENTENCES = st.text(alphabet="ab c.", max_size=12)


def test_rouge_l_is_the_f_measure_of_the_longest_common_subsequence() -> None:
    # "the cat sat": 3 of 6 words wanted, 3 of 4 found
    assert rouge_l("the cat sat on the mat", "the black cat sat") == pytest.approx(2 * 3 / (6 + 4))
    assert rouge_l("a b c", "c b a") == pytest.approx(1 / 3)
    assert rouge_l("a b", "c d") == 0.0
    assert rouge_l("", "") == 0.0


def test_chrf_of_two_short_words() -> None:
    # characters: 3 of 4 found, 3 of 4 wanted; pairs ab, bc: 2 of 3; triples abc: 1 of 2; fours: 0 of 1
    share = (3 / 4 + 2 / 3 + 1 / 2 + 0) / 4
    assert chrf("abcd", "abce") == pytest.approx(share)


def test_chrf_weighs_recall_twice() -> None:
    # "ab" against "abcd": precision 1 and 1; recall 2/4 and 1/3
    precision, recall = 1.0, (2 / 4 + 1 / 3) / 2
    assert chrf("abcd", "ab") == pytest.approx(5 * precision * recall / (4 * precision + recall))
    assert chrf("abcd", "ab") < chrf("ab", "abcd")


def test_chrf_does_not_see_blanks_but_upper_case() -> None:
    assert chrf("a b", "ab") == 1.0
    assert chrf("ab", "AB") == 0.0
    assert chrf("ab", "") == 0.0


def test_exact_is_word_by_word() -> None:
    assert is_exact("Returns it.", "returns it .")
    assert not is_exact("returns it", "return it")


@given(SENTENCES, SENTENCES)
def test_scores_are_shares_and_the_text_itself_has_them_all(reference: str, text: str) -> None:
    for score in (rouge_l, chrf):
        assert 0.0 <= score(reference, text) <= 1.0 + 1e-12
        if reference.strip():
            assert score(reference, reference) == pytest.approx(1.0)
    assert rouge_l(reference, text) == rouge_l(text, reference)
