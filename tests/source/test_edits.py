"""Splices: which may be made together, and in what order they stand."""

from __future__ import annotations

import pytest

from robust_ray.source import analyse
from robust_ray.source.edits import Edit, Splice, edited, fits

SOURCE = analyse("int f(int a) { return a; }", "c")


def text(*splices: tuple[int, int, str]) -> str | None:
    """The program with one edit for each splice."""
    program = edited(SOURCE, [Edit("a rule", (Splice(*splice),)) for splice in splices])
    return None if program is None else program.text


def test_no_edits_leave_the_program_itself() -> None:
    assert edited(SOURCE, []) is SOURCE


def test_edits_may_come_in_any_order() -> None:
    assert text((22, 23, "1"), (4, 5, "g")) == text((4, 5, "g"), (22, 23, "1")) == "int g(int a) { return 1; }"


def test_a_text_at_the_start_of_another_splice_stands_before_it() -> None:
    assert text((15, 21, "goto"), (15, 15, "; ")) == "int f(int a) { ; goto a; }"


def test_a_text_at_the_end_of_another_splice_stands_behind_it() -> None:
    assert text((22, 23, "1"), (23, 23, " + 2")) == "int f(int a) { return 1 + 2; }"


def test_a_text_between_two_splices_that_meet() -> None:
    assert text((22, 23, "1"), (23, 24, ";;"), (23, 23, " + 2")) == "int f(int a) { return 1 + 2;; }"


@pytest.mark.parametrize(
    "splices",
    [
        ((15, 15, ";"), (15, 15, "{ }")),
        ((15, 21, "goto"), (15, 21, "goto")),
        ((15, 21, "goto"), (20, 23, "x")),
        ((15, 24, "b;"), (22, 23, "x")),
        ((15, 21, "goto"), (18, 18, "x")),
    ],
    ids=["two texts at one place", "the same twice", "overlapping", "one in the other", "a text inside"],
)
def test_edits_that_touch_are_refused(splices: tuple[tuple[int, int, str], ...]) -> None:
    assert text(*splices) is None
    assert text(*reversed(splices)) is None


def test_an_edit_fits_where_it_can_be_made_beside_the_others() -> None:
    taken = [Splice(4, 5, "g"), Splice(15, 15, ";"), Splice(15, 21, "goto"), Splice(22, 23, "x")]
    places = [(start, end) for start in range(len(SOURCE.text)) for end in range(start, len(SOURCE.text))]
    edits = [Edit("a rule", (Splice(0, 0, "static "), Splice(*place, "?"))) for place in places]
    others = Edit("a rule", tuple(taken))
    assert [fits(edit, taken) for edit in edits if edit.splices[1][:2] != (0, 0)] == [
        edited(SOURCE, [others, edit]) is not None for edit in edits if edit.splices[1][:2] != (0, 0)
    ]


def test_bytes_are_counted_not_characters() -> None:
    source = analyse('char *s = "\u00e9"; int a;', "c")
    at = source.data.index(b"a;")
    program = edited(source, [Edit("a rule", (Splice(at, at + 1, "b"),))])
    assert program is not None
    assert program.text == 'char *s = "\u00e9"; int b;'
