"""The embedded summarization data: plain sentences about the code they belong to."""

from __future__ import annotations

import ast
import itertools

import pytest

from robust_ray.tasks._summaries import FUNCTIONS, WORDS, first_sentence, summaries, summary
from robust_ray.tasks.base import SPLITS, Split
from robust_ray.tasks.stdlib_corpus import Function, compiles


def function(text: str, docstring: str | None) -> Function:
    return Function("module:function", "module", text, len(text.split()), docstring)


def modules(split: Split) -> set[str]:
    return {example.uid.partition(":")[0].partition(".")[0] for example in summaries(split)}


def test_sizes() -> None:
    assert {split: len(summaries(split)) for split in SPLITS} == FUNCTIONS


def test_references_are_short_sentences_on_one_line() -> None:
    for split in SPLITS:
        for example in summaries(split):
            assert example.reference is not None
            assert len(example.reference.split()) in WORDS
            assert example.reference == " ".join(example.reference.split())
            assert not example.reference.endswith(".")


def test_the_code_does_not_hold_its_summary() -> None:
    for example in summaries("test"):
        (definition,) = ast.parse(example.segments[0]).body
        assert isinstance(definition, ast.FunctionDef)
        assert ast.get_docstring(definition) is None
        assert compiles(example.segments[0])


def test_no_module_in_two_splits() -> None:
    for one, other in itertools.combinations(SPLITS, 2):
        assert not modules(one) & modules(other)


def test_no_text_and_no_uid_twice() -> None:
    examples = [example for split in SPLITS for example in summaries(split)]
    assert len({example.segments for example in examples}) == len(examples)
    assert len({example.uid for example in examples}) == len(examples)


@pytest.mark.parametrize(
    ("docstring", "sentence"),
    [
        ("Close the file. It cannot be read then.", "Close the file"),
        ("Close\n    the file\n\nMore of it.", "Close the file"),
        ("Return the number, e.g. 3.5 of them.", "Return the number, e.g. 3.5 of them"),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_at_a_full_stop_or_a_blank_line(docstring: str, sentence: str) -> None:
    assert first_sentence(docstring) == sentence


@pytest.mark.parametrize(
    ("docstring", "reason"),
    [
        (None, "none there"),
        ("Closes it.", "too short"),
        ("close(file) -> None, as ever", "not a sentence"),
        ("Says nothing about what happens here.", "speaks of something else"),
    ],
)
def test_a_docstring_that_is_no_summary_is_left_out(docstring: str | None, reason: str) -> None:
    assert summary(function("def close(file):\n    file.flush()", docstring)) is None, reason


def test_words_count_as_shared_whatever_their_ending_and_spelling() -> None:
    code = "def closeAll(files):\n    flush_every(files)"
    assert summary(function(code, "Flushing and closing the file.")) == "Flushing and closing the file"
