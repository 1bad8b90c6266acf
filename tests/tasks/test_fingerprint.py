"""What programs are compared by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.source import LANGUAGES
from robust_ray.tasks.fingerprint import fingerprint
from tests import fakes


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("c", "int f(int a) { return a; }", "int f(int a)\n{\n\n  // as it is\n  return a; /* and\nno more */\n}"),
        ("java", 'void f() { g("a"); }', 'void f() {\n\tg("a"); // "b"\n}'),
        ("python", "def f(a):\n    return a\n", "def f(a):  # the same\n\n  return a"),
    ],
)
def test_layout_and_comments_do_not_count(language: str, one: str, other: str) -> None:
    assert fingerprint(one, language) == fingerprint(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("c", "x = a + b;", "x = a - b;"),
        ("c", 'puts("// a");', 'puts("// b");'),
        ("java", "char c = '\"'; /* ' */ f();", "char c = '\"'; /* ' */ g();"),
        ("python", 's = "# a"', 's = "# b"'),
        ("python", 's = """# a\n"b" """', 's = """# a\n"c" """'),
        ("python", "ab = 1", "a = b1"),
    ],
)
def test_everything_else_does(language: str, one: str, other: str) -> None:
    assert fingerprint(one, language).digest != fingerprint(other, language).digest


def test_words_are_names_and_literals() -> None:
    found = fingerprint('int f(int n) { return n < 10 ? g("a b", n) : n; }', "c")
    assert found.words == {"f": 1, "n": 4, "10": 1, "g": 1, '"a b"': 1}
    assert found.lexemes == 22


def test_names_alone_make_programs_different_but_of_one_length() -> None:
    one, other = (fingerprint(text, "java") for text in (fakes.JAVA[0], fakes.JAVA[0].replace("total", "sum_up")))
    assert one.digest != other.digest
    assert one.lexemes == other.lexemes


@given(st.text(), st.sampled_from(LANGUAGES))
def test_any_text_can_be_read(text: str, language: str) -> None:
    found = fingerprint(text, language)
    assert found.words.total() <= found.lexemes <= len(text)
