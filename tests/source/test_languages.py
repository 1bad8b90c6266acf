"""Languages, and the names they keep for themselves."""

from __future__ import annotations

import threading

import pytest

from robust_ray.core.errors import DataError
from robust_ray.source import LANGUAGES, analyse, is_identifier, is_reserved, parse


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_parses(language: str) -> None:
    assert not parse(b"", language).root_node.has_error


def test_an_unknown_language_is_refused_with_a_hint() -> None:
    with pytest.raises(
        DataError, match=r"must be one we can parse, but got 'jaba'; did you mean 'java'\? \(known: c, java, python\)"
    ):
        parse(b"", "jaba")
    with pytest.raises(DataError, match="got 'C'"):
        analyse("", "C")
    with pytest.raises(DataError, match="got 'rust'"):
        is_reserved("x", "rust")


@pytest.mark.parametrize(
    ("language", "words"),
    {
        "c": "char class_ restrict NULL size_t uint8_t EOF errno malloc linux __x _Bool _X assert",
        "java": "char class const default continue this throw synchronized record var yield true null String __x",
        "python": "lambda match case type print exec None len self cls unicode xrange __x __init__",
    }.items(),
)
def test_reserved_names(language: str, words: str) -> None:
    assert [word for word in words.split() if not is_reserved(word, language)] == (
        ["class_"] if language == "c" else []
    )


@pytest.mark.parametrize("name", ["x", "count", "value1", "camelCase", "_private"])
def test_plain_names_are_free(name: str) -> None:
    assert all(is_identifier(name, language) and not is_reserved(name, language) for language in LANGUAGES)


@pytest.mark.parametrize("name", ["", "1a", "a b", " a", "a-b", "a.b", "<mask>", "a\n", "Ġa", "##a"])
def test_what_is_no_identifier(name: str) -> None:
    expected = {"python", "java"} if name == "Ġa" else set()
    assert {language for language in LANGUAGES if is_identifier(name, language)} == expected


def test_letters_beyond_ascii_and_dollars() -> None:
    assert is_identifier("ä", "python")
    assert not is_identifier("ﬁ", "python")
    assert not is_identifier("ä", "c")
    assert is_identifier("a$b", "java")
    assert not is_identifier("a$b", "c")


def test_threads_parse_side_by_side() -> None:
    code = b"int f(int a) { return a; }" * 200
    trees: list[str] = []
    threads = [threading.Thread(target=lambda: trees.append(str(parse(code, "c").root_node))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(trees)) == 1
    assert len(trees) == 8
