"""Splicing new names into a program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.source import analyse, is_fresh, mask, rename, suits

CODE = 'int f(int a, int b) { /* a */ return a * b + s.a + g("b") + a; }'
SOURCE = analyse(CODE, "c")


def test_several_names_on_one_line_longer_and_shorter() -> None:
    assert rename(SOURCE, {"a": "length", "b": "x", "f": "go"}) == (
        'int go(int length, int x) { /* a */ return length * x + s.a + g("b") + length; }'
    )


def test_bytes_and_characters_are_not_confused() -> None:
    source = analyse("def f(a):\n  s = '€😀'; return a + s + a  # é", "python")
    assert rename(source, {"a": "ü", "s": "text"}) == "def f(ü):\n  text = '€😀'; return ü + text + ü  # é"


def test_nothing_to_rename_gives_the_same_text() -> None:
    assert rename(SOURCE, {}) == CODE
    assert rename(SOURCE, {"a": "a", "b": "b"}) == CODE


@pytest.mark.parametrize(
    "renames",
    [
        {"zzz": "x"},
        {"g": "x"},
        {"s": "x"},
        {"zzz": "zzz"},
        {"a": "b"},
        {"a": "b", "b": "a"},
        {"a": "g"},
        {"a": "x", "b": "x"},
        {"a": "int"},
        {"a": "NULL"},
        {"a": "1x"},
        {"a": "x y"},
        {"a": ""},
        {"a": "<mask>"},
    ],
    ids=str,
)
def test_what_would_break_the_program_is_refused(renames: dict[str, str]) -> None:
    assert rename(SOURCE, renames) is None


@pytest.mark.parametrize(("name", "fresh"), [("x", True), ("a", False), ("s", False), ("while", False), ("b2", True)])
def test_fresh_names(name: str, *, fresh: bool) -> None:
    assert is_fresh(SOURCE, name) is fresh


def test_a_name_from_a_comment_or_string_is_not_fresh() -> None:
    assert not is_fresh(analyse("int f(int a) { return a; } // note", "c"), "note")


@pytest.mark.parametrize("name", ["random", "sinf", "strange", "signal_1", "pthread_x", "getvalue"])
def test_a_function_takes_no_name_of_a_library_but_a_variable_may(name: str) -> None:
    source = analyse("int f(int a) { return a; }", "c")
    assert suits(source, "a", name)
    assert not suits(source, "f", name)
    assert rename(source, {"f": name}) is None
    assert suits(analyse("def f(a):\n    return a\n", "python"), "f", name)


@pytest.mark.parametrize("name", ["NDEBUG", "SCNu32", "PRIx8", "words_t", "and", "I"])
def test_in_c_nothing_takes_what_may_be_a_macro_or_a_type(name: str) -> None:
    assert not is_fresh(analyse("int f(int a) { return a; }", "c"), name)


def test_a_variable_that_is_called_takes_no_name_of_a_macro() -> None:
    source = analyse("int f(int (*cb)(double, double), double a) { return cb /* it */ (a, 2.0); }", "c")
    assert not suits(source, "cb", "isless")
    assert suits(source, "a", "isless")


@pytest.mark.parametrize("name", ["environ", "optarg", "warn"])
def test_a_function_takes_no_name_of_a_librarys_variable(name: str) -> None:
    assert not suits(SOURCE, "f", name)


@pytest.mark.parametrize("name", ["compareTo", "values", "getBounds", "isDone", "readObjectNoData"])
def test_a_method_takes_no_name_that_a_class_may_inherit(name: str) -> None:
    source = analyse("class A { void f(int a) { } }", "java")
    assert not suits(source, "f", name)
    assert suits(source, "a", name)


def test_a_name_that_python_takes_for_another_spelling_is_not_fresh() -> None:
    assert not is_fresh(analyse("def f(a):\n    ﬁ = 1\n    return a, ﬁ\n", "python"), "fi")


def test_masking_one_occurrence_at_a_time() -> None:
    assert mask(SOURCE, "b", "<unk>") == [
        'int f(int a, int <unk>) { /* a */ return a * b + s.a + g("b") + a; }',
        'int f(int a, int b) { /* a */ return a * <unk> + s.a + g("b") + a; }',
    ]
    assert mask(SOURCE, "g", "<unk>") == []


@given(st.dictionaries(st.sampled_from(["f", "a", "b"]), st.from_regex(r"\Ax[a-z]{2,7}_[0-9]\Z")))
def test_renaming_there_and_back(renames: dict[str, str]) -> None:
    source = analyse("int f(int a, int b) { return a * b; }", "c")
    text = rename(source, renames)
    if len(set(renames.values())) < len(renames):
        assert text is None
    else:
        assert text is not None
        assert rename(analyse(text, "c"), {new: old for old, new in renames.items()}) == source.text
