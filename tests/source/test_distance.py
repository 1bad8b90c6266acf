"""How far a program is from another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.source import Changes, analyse, changes, levenshtein, rename

CODE = "int f(int ab, int b) { return ab + ab * b; } // ab"


@pytest.mark.parametrize(
    ("a", "b", "distance"), [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("ä", "a", 1)]
)
def test_levenshtein(a: str, b: str, distance: int) -> None:
    assert levenshtein(a, b) == distance


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_levenshtein_is_a_metric(a: str, b: str, c: str) -> None:
    assert levenshtein(a, b) == levenshtein(b, a)
    assert (levenshtein(a, b) == 0) == (a == b)
    assert levenshtein(a, c) <= levenshtein(a, b) + levenshtein(b, c)


def test_changes_add_up_over_tokens() -> None:
    source = analyse(CODE, "c")
    renames = {"ab": "abc", "b": "xyz", "f": "f"}
    text = rename(source, renames)
    assert text is not None
    assert changes(source, text, renames) == Changes(
        identifiers_changed=2, tokens_changed=5, edit_distance=3 * 1 + 2 * 3
    )


def test_the_same_program_has_no_changes() -> None:
    assert changes(analyse(CODE, "c"), CODE, {}) == Changes(0, 0, 0)


def test_comments_are_not_counted_and_added_tokens_are() -> None:
    source = analyse("int a;", "c")
    assert changes(source, "int a; // more", {}) == Changes(0, 0, 0)
    assert changes(source, "int a; int b;", {}) == Changes(0, 3, 5)


def test_a_statement_put_in_front_counts_alone() -> None:
    source = analyse("int f(int a) { return a + a; }", "c")
    assert changes(source, "int f(int a) { ; return a + a; }", {}) == Changes(0, 1, 1)
    assert changes(source, "int f(int abc) { ; return abc + abc; }", {"a": "abc"}) == Changes(1, 4, 1 + 3 * 2)
