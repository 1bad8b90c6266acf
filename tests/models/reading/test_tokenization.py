"""The tokenizer of models that bring none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.models.reading.tokenization import SMALLEST, SPECIALS, train_bpe

pytestmark = pytest.mark.torch

TEXTS = ["def f(x):\n    return x + 1", "int main() { return 0; }", "def g(y):\n    return y"]
TOKENIZER = train_bpe(TEXTS, 300)


def test_specials_come_first_in_robertas_order() -> None:
    assert [TOKENIZER.convert_tokens_to_ids(token) for token in SPECIALS] == [0, 1, 2, 3, 4]
    assert TOKENIZER(["x"], ["y"])["input_ids"][0][0] == 0
    assert TOKENIZER.decode(TOKENIZER("x", "y")["input_ids"]) == "<s>x</s></s>y</s>"


def test_same_texts_same_tokenizer() -> None:
    assert train_bpe(TEXTS, 300).get_vocab() == TOKENIZER.get_vocab()
    assert SMALLEST < len(TOKENIZER) <= 300


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(lambda text: "<" not in text))
@settings(deadline=None)
def test_every_text_comes_back(text: str) -> None:
    ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    assert TOKENIZER.decode(ids, clean_up_tokenization_spaces=False) == text
