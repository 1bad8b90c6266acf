"""``a < b`` and ``b > a``."""

from __future__ import annotations

import pytest

from tests.source.edited_programs import rewritten

AROUND = {
    "c": "int f() {{ return {}; }}",
    "java": "int f(int i) {{ return {}; }}",
    "python": "if {}: pass\n",
}

BECOMES = {
    "c": ("c", "a < b", "b > a"),
    "c, pure expressions": ("c", "p->n[i + 1] <= *q - 1", "*q - 1 >= p->n[i + 1]"),
    "c, a literal and a call": ("c", "read(a) != NULL", "NULL != read(a)"),
    "c, an assignment in parentheses": ("c", "(n = read()) == 0", "0 == (n = read())"),
    "c, in front of other operators": ("c", "a&b==&c", "a& &c==b"),
    "java": ("java", "i >= a.length", "a.length <= i"),
    "java, a literal and a call": ("java", "next() == null", "null == next()"),
    "java, keywords stay words": ("java", "(next())==0", "0==(next())"),
    "python": ("python", "a.b(c) <= 3", "3 >= a.b(c)"),
    "python, identity": ("python", "a.b(c) is not None", "None is not a.b(c)"),
    "python, without blanks": ("python", "(a)==1", "1==(a)"),
    "python, words without blanks": ("python", "(a)is None", "None is (a)"),
}


@pytest.mark.parametrize(("language", "one", "other"), BECOMES.values(), ids=BECOMES.keys())
def test_becomes(language: str, one: str, other: str) -> None:
    around = {"c": "int f() {{ return {}; }}", "java": "int f(int i) {{ return {}; }}", "python": "if {}: pass\n"}[
        language
    ]
    assert rewritten(around.format(one), language, "comparisons") == [around.format(other)]


def test_what_a_macro_makes_may_be_read_another_way_on_the_other_side() -> None:
    code = "#define MASKED {}\nint a;\nint f(int x, int y) {{ return x == MASKED; }}"
    assert rewritten(code.format("y & 3"), "c", "comparisons") == []
    assert len(rewritten(code.format("(y & 3)"), "c", "comparisons")) == 1


def test_words_stay_apart() -> None:
    assert rewritten("if(a)==1: b()\n", "python", "comparisons") == ["if 1==(a): b()\n"]
    assert rewritten("int f() { return(a)<b; }", "c", "comparisons") == ["int f() { return b>(a); }"]


STAYS = {
    "c, both may do something": ("c", "f() < a"),
    "c, one changes the other": ("c", "a < a++"),
    "c, an assignment": ("c", "a = b"),
    "c, comparisons of comparisons": ("c", "f() < g() == h()"),
    "java, both may throw": ("java", "a.b < c[d]"),
    "java, what is called may change the other": ("java", "a < f()"),
    "java, opening a box may throw": ("java", "unknown < c[d]"),
    "python, a float answers for integers": ("python", "a == 1.0 and a == True"),
    "python, the classes decide": ("python", "a < b"),
    "python, a chain": ("python", "1 < a < 3"),
    "python, membership": ("python", "3 in a"),
    "python, an interpolated text": ("python", "a == f'{b()}'"),
}


@pytest.mark.parametrize(("language", "code"), STAYS.values(), ids=STAYS.keys())
def test_stays(language: str, code: str) -> None:
    around = {"c": "int f() {{ return {}; }}", "java": "int f(int i) {{ return {}; }}", "python": "if {}: pass\n"}[
        language
    ]
    assert rewritten(around.format(code), language, "comparisons") == []
