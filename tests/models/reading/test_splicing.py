"""Spliced token ids are those of the tokenizer, whatever the text; where they could not be, the tokenizer is asked."""

from __future__ import annotations

import functools
import json
import random
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.models.reading import splicing
from robust_ray.models.reading.encoding import Tokenize, one_line, pack, whole
from tests.models.tokenizers import PROGRAMS, SPLICED, WHOLE, prefixed_roberta, roberta

pytestmark = pytest.mark.torch

TRICKY = [
    *("\n", "\n\n", "\r\n", " ", "  ", "\t", "    ", "\u00a0", "\u2028", "\u200b", "\x00", "\x1c", "\x0b", "\x85"),
    *("x", "name", "Name", "_", "__init__", "0", "12", "'s", "'", '"', "(", ")", "->", "};", "#", "//", ".", "!", "~"),
    *("<", ">", "<mask>", " <mask>", "<s>", "</s>", "[MASK]", "[SEP]", "<unk>", "[UNK]", "<extra_id_0>", "[", "]"),
    *("\u00e9", "\u0301", "\u00b4", "\u2581", "\u4e2d", "\U0001f600", "\u0130", "\u03a3", "\ufb01", "\ufeff", "\ufffd"),
]
"""What normalizers, words and added tokens may stumble over."""

texts = st.lists(st.sampled_from(TRICKY), max_size=40).map("".join) | st.text(st.characters(exclude_categories=["Cs"]))


def network(tokenizer: Any, max_length: int) -> Any:
    """As much of a network as tokenizing needs: one that knows token types."""
    module = SimpleNamespace(forward=lambda input_ids, token_type_ids: None)
    return SimpleNamespace(
        tokenizer=tokenizer,
        max_length=max_length,
        pair_encoding="joint",
        module=module,
        data_flow=None,
        preprocessing="as_is",
    )


@functools.cache
def pair_of(name: str, max_length: int) -> tuple[Tokenize, Tokenize]:
    """The spliced and the whole tokenizer."""
    found = network({**SPLICED, **WHOLE}[name](), max_length)
    spliced = splicing.splicing(found)
    assert spliced is not None
    return spliced, whole(found)


def changed(program: str, chance: random.Random) -> str:
    """A program with some words replaced, as an attack would, or masked."""
    words = program.split(" ")
    for _ in range(chance.randrange(1, 4)):
        words[chance.randrange(len(words))] = chance.choice(["renamed", "<mask>", "[MASK]", "a_b(x)", "self._other,\n"])
    return " ".join(words)


@pytest.mark.parametrize("name", SPLICED)
@settings(deadline=None, max_examples=50)
@given(st.lists(texts, min_size=1, max_size=4))
def test_any_text(name: str, inputs: list[str]) -> None:
    for max_length in (16, 10_000):
        spliced, tokenizer = pair_of(name, max_length)
        assert spliced(inputs, None) == tokenizer(inputs, None)


@pytest.mark.parametrize("name", SPLICED)
@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_any_pair(name: str, inputs: list[tuple[str, str]]) -> None:
    for max_length in (16, 17, 10_000):
        spliced, tokenizer = pair_of(name, max_length)
        firsts, seconds = map(list, zip(*inputs, strict=True))
        assert spliced(firsts, seconds) == tokenizer(firsts, seconds)


@pytest.mark.parametrize("name", SPLICED)
def test_changed_programs(name: str) -> None:
    spliced, tokenizer = pair_of(name, 400)
    chance = random.Random(0)
    for program in PROGRAMS:
        inputs = [program, changed(program, chance), changed(program, chance)]
        assert spliced(inputs, None) == tokenizer(inputs, None)
        assert spliced(inputs, inputs[::-1]) == tokenizer(inputs, inputs[::-1])


@pytest.mark.parametrize("name", ["RoBERTa", "BERT", "T5"])
def test_functions_in_c(name: str, shared_data: Path) -> None:
    with (shared_data / "devign" / "valid.jsonl").open() as lines:
        functions = [json.loads(line)["func"] for line in lines][:100]
    spliced, tokenizer = pair_of(name, 400)
    chance = random.Random(0)
    inputs = [text for function in functions for text in (function, changed(function, chance))]
    assert spliced(inputs, None) == tokenizer(inputs, None)


@pytest.mark.parametrize("name", WHOLE)
def test_a_tokenizer_that_must_see_the_whole_text_does(name: str) -> None:
    assert splicing.splicing(network(WHOLE[name](), 64)) is None


def test_so_does_a_slow_tokenizer() -> None:
    from transformers import ByT5Tokenizer

    assert splicing.splicing(network(ByT5Tokenizer(), 64)) is None


@pytest.mark.parametrize("token", [{"content": "a b"}, {"content": "<gap>", "rstrip": True}])
def test_so_does_one_with_a_token_that_reaches_over_a_cut(token: dict[str, Any]) -> None:
    from tokenizers import AddedToken

    tokenizer = roberta()
    tokenizer.add_tokens([AddedToken(**token)])
    assert splicing.splicing(network(tokenizer, 64)) is None


def test_a_tokenizer_that_disagrees_with_its_own_words_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = network(roberta(), 64)
    assert splicing.splicing(found) is not None
    monkeypatch.setattr(splicing.Splicing, "_make", lambda self, texts, level: [pack([7])] * len(texts))
    assert splicing.splicing(found) is None


def test_of_a_long_text_only_what_fits_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    spliced, tokenizer = pair_of("RoBERTa", 400)
    text = "    value = other_value + 1\n" * 100_000
    start = time.process_time()
    rows = spliced([text], None)
    assert time.process_time() - start < 0.05
    assert rows == tokenizer([text[:100_000]], None)


def test_a_text_without_a_cut_is_read_whole() -> None:
    spliced, tokenizer = pair_of("RoBERTa", 64)
    text = "\u4e2d\n" * 5000
    assert spliced([text], None) == tokenizer([text], None)


def test_what_is_known_is_not_tokenized_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = network(roberta(), 400)
    spliced = cast(splicing.Splicing, splicing.splicing(found))
    spliced(["int f(int a) {\n    return g(a) + 1;\n}", "do(b) + c;\n}"], None)
    monkeypatch.setattr(spliced, "_backend", None)
    inputs = ["int f(int a) {\n    return g(b) + 1;\n}", "do(a) + 1;\n}"]
    assert spliced(inputs, None) == whole(found)(inputs, None)


def test_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splicing, "REMEMBERED", 100)
    found = network(roberta(), 400)
    spliced = splicing.splicing(found)
    assert spliced is not None
    assert spliced(PROGRAMS, None) == whole(found)(list(PROGRAMS), None)


@functools.cache
def one_line_pair() -> tuple[Tokenize, Tokenize]:
    """The spliced and the whole tokenizer of a network that reads code on one line, behind a blank."""
    found = network(prefixed_roberta(), 24)
    found.preprocessing = "one_line"
    spliced = splicing.splicing(found)
    assert spliced is not None
    return spliced, whole(found)


@settings(deadline=None, max_examples=50)
@given(st.lists(texts, min_size=1, max_size=3))
def test_a_blank_before_the_first_word_does_no_harm_on_one_line(written: list[str]) -> None:
    spliced, tokenizer = one_line_pair()
    lines = list(map(one_line, written))
    assert spliced(lines, None) == tokenizer(lines, None)
    assert spliced(lines, lines[::-1]) == tokenizer(lines, lines[::-1])
