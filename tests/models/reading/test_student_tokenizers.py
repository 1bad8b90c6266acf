"""The students' tokenizers: four kinds, two readings, the same for the same texts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from robust_ray.models.reading.student_tokenizers import SPECIALS, train_tokenizer
from tests.models.tokenizers import PROGRAMS

KINDS = ("bpe", "wordpiece", "unigram", "word")
every_kind = pytest.mark.parametrize("kind", KINDS)
TEXTS = PROGRAMS[:6]


def trained(kind: Any, reading: Any = "avatar", size: int = 400, *, marks: bool = True) -> Any:
    """A tokenizer that has read some of this project."""
    return train_tokenizer(kind, TEXTS, size, reading, marks=marks)


def print_of(tokenizer: Any) -> str:
    """What a tokenizer is and does."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    made = json.dumps([model, tokenizer(list(TEXTS)).input_ids], sort_keys=True)
    return hashlib.sha256(made.encode()).hexdigest()


@pytest.mark.torch
@every_kind
def test_the_same_texts_make_the_same_tokenizer(kind: Any) -> None:
    assert len({print_of(trained(kind)) for _ in range(4)}) == 1  # the library's hashes differ each time


@pytest.mark.torch
@every_kind
def test_specials_come_first_and_the_size_is_kept(kind: Any) -> None:
    tokenizer = trained(kind, size=350)
    assert tokenizer.convert_tokens_to_ids(list(SPECIALS)) == [0, 1, 2, 3]
    assert sorted(tokenizer.get_vocab().values()) == list(range(len(tokenizer)))
    assert len(tokenizer) <= 350
    assert tokenizer.pad_token_id == 1


@pytest.mark.torch
@every_kind
def test_marks_stand_around_a_text_or_do_not(kind: Any) -> None:
    ids = trained(kind)("return x").input_ids
    assert (ids[0], ids[-1]) == (0, 2)
    bare = trained(kind, marks=False)("return x").input_ids
    assert bare == ids[1:-1]


@pytest.mark.torch
@every_kind
def test_letters_are_lowered(kind: Any) -> None:
    for reading in ("compressor", "avatar"):
        tokenizer = trained(kind, reading)
        assert tokenizer("RETURN Self").input_ids == tokenizer("return self").input_ids


@pytest.mark.torch
@every_kind
def test_avatar_takes_accents_and_outer_blanks_off(kind: Any) -> None:
    tokenizer = trained(kind, "avatar")
    assert tokenizer(" s\u00e9lf ").input_ids == tokenizer("self").input_ids
    kept = trained(kind, "compressor")
    assert kept("s\u00e9lf").input_ids != kept("self").input_ids


@pytest.mark.torch
def test_compressor_puts_a_blank_before_a_text() -> None:
    tokenizer = trained("bpe", "compressor")
    assert tokenizer("self").input_ids == tokenizer(" self").input_ids
    other = trained("bpe", "avatar")
    assert other.tokenize("x self")[0] == "x"


@pytest.mark.torch
def test_words_and_digits_by_themselves() -> None:
    tokenizer = trained("word", size=2000)
    assert tokenizer.tokenize("def return(self, 10)") == ["def", "return", "(", "self", ",", "1", "0", ")"]
    assert tokenizer.tokenize("neverseenbefore") == ["<unk>"]


@pytest.mark.torch
def test_pieces_of_words_are_told_from_beginnings() -> None:
    tokenizer = trained("wordpiece")
    pieces = tokenizer.tokenize("selfx")
    assert pieces[0][:2] != "##"
    assert all(piece.startswith("##") for piece in pieces[1:])
    assert "".join(piece.removeprefix("##") for piece in pieces) == "selfx"


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_nothing_is_lost_of_texts_it_has_read(kind: Any) -> None:
    tokenizer = trained(kind)
    for text in TEXTS:
        line = " ".join(text.split())
        assert 3 not in tokenizer(line).input_ids
        decoded = tokenizer.decode(tokenizer(line).input_ids, skip_special_tokens=True)
        assert "".join(decoded.split()) == "".join(tokenizer.backend_tokenizer.normalizer.normalize_str(line).split())


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["wordpiece", "unigram"])
def test_too_few_tokens_for_the_characters(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"fewest that know every character|not large enough"):
        trained(kind, size=20)
