"""Special tokens and the cut of a pair, as the tokenizer makes them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.models.reading.encoding import pack
from robust_ray.models.reading.templates import learn, longest_first
from tests.models.tokenizers import bert, gpt2, roberta

pytestmark = pytest.mark.torch


def test_learns_what_stands_around_segments() -> None:
    single, pair = (learn(roberta(), segments, has_types=False) for segments in (1, 2))
    assert single is not None
    assert pair is not None
    assert (single.added, pair.added) == (2, 4)
    assert single.fill(pack([7, 8])) == (pack([0, 7, 8, 2]),)
    assert pair.fill(pack([7]), pack([])) == (pack([0, 7, 2, 2, 2]),)


def test_learns_token_types() -> None:
    tokenizer = bert()
    pair = learn(tokenizer, 2, has_types=True)
    assert pair is not None
    first, second = tokenizer.cls_token_id, tokenizer.sep_token_id
    assert pair.fill(pack([7, 8]), pack([9])) == (pack([first, 7, 8, second, 9, second]), pack([0, 0, 0, 0, 1, 1]))


def test_learns_that_nothing_stands_there() -> None:
    pair = learn(gpt2(), 2, has_types=False)
    assert pair is not None
    assert pair.added == 0
    assert pair.fill(pack([7]), pack([8])) == (pack([7, 8]),)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(4, 24))
def test_the_longer_one_gives_way_as_in_the_tokenizer(first: int, second: int, room: int) -> None:
    backend = TOKENIZER.backend_tokenizer
    backend.enable_truncation(room, strategy="longest_first")
    ids = backend.encode("x " * first, "y " * second, add_special_tokens=False).type_ids
    assert longest_first(first, second, room) == (ids.count(0), ids.count(1))


TOKENIZER = bert()
