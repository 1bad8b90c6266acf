from __future__ import annotations

import pytest

from robust_ray.attacks import Candidate, EditStatements, RenameAndEdit, RenameIdentifiers, Valid
from robust_ray.core.errors import SweepError
from robust_ray.source.identifiers import analyse

SOURCE = analyse("def f(b, a):\n    return len(a) + b + a\n", "python")


def test_targets_are_the_names_a_program_binds_in_order_of_appearance() -> None:
    targets = RenameIdentifiers().targets(SOURCE)
    assert [name for name in targets if name != "f"] == ["b", "a"]


def test_allows_what_is_new_and_a_name() -> None:
    names = ["fresh", "a", "len", "if", "2x", "x-y", ""]
    assert [name for name in names if RenameIdentifiers().allows(SOURCE, name)] == ["fresh"]


def test_renames_every_occurrence() -> None:
    candidate = RenameIdentifiers().apply(SOURCE, {"a": "x"})
    assert candidate == Candidate("def f(b, x):\n    return len(x) + b + x\n", {"a": "x"})
    assert Valid().check(SOURCE, candidate).is_valid


def test_makes_no_candidate_of_renames_that_collide() -> None:
    assert RenameIdentifiers().apply(SOURCE, {"a": "x", "b": "x"}) is None
    assert RenameIdentifiers().apply(SOURCE, {"a": "b"}) is None


def test_masks_one_occurrence_at_a_time() -> None:
    probes = RenameIdentifiers().masked(SOURCE, "a", "<mask>")
    assert all(probe.is_probe and not probe.renames for probe in probes)
    assert [probe.text for probe in probes] == [
        "def f(b, <mask>):\n    return len(a) + b + a\n",
        "def f(b, a):\n    return len(<mask>) + b + a\n",
        "def f(b, a):\n    return len(a) + b + <mask>\n",
    ]


def test_a_program_that_does_not_keep_its_bindings_is_not_valid() -> None:
    assert not Valid().check(SOURCE, Candidate("def f(b, b):\n    return len(b) + b + b\n", {"a": "b"})).is_valid


def test_only_some_kinds_of_names_may_be_targets() -> None:
    source = analyse("int f(int a) { int b = a; return b; }", "c")
    assert RenameIdentifiers().targets(source) == ("f", "a", "b")
    assert RenameIdentifiers(("function", "parameter")).targets(source) == ("f", "a")


def test_statements_are_edited_and_every_name_stays() -> None:
    source = analyse("int f(int a) { a++; return a; }", "c")
    transformation = EditStatements(("increments", "dead_code"))
    edits = transformation.edits(source)
    assert transformation.targets(source) == ()
    assert {edit.rule for edit in edits} == {"increments", "dead_code"}
    assert [edit.splices for edit in edits] == sorted(edit.splices for edit in edits)
    for edit in edits:
        candidate = transformation.apply(source, {}, (edit,))
        assert candidate is not None
        assert candidate.edits == (edit,)
        assert Valid().check(source, candidate).is_valid


def test_names_are_changed_in_the_edited_program() -> None:
    transformation = RenameAndEdit(("increments",), RenameIdentifiers(("parameter",)))
    source = analyse("int f(int a) { a++; return a; }", "c")
    edit = next(edit for edit in transformation.edits(source) if "a = a + 1" in edit.splices[0].text)
    candidate = transformation.apply(source, {"a": "x"}, (edit,))
    assert transformation.targets(source) == ("a",)
    assert transformation.allows(source, "x")
    assert next(probe.text for probe in transformation.masked(source, "a", "?")) == "int f(int ?) { a++; return a; }"
    assert candidate == Candidate("int f(int x) { x = x + 1; return x; }", {"a": "x"}, (edit,))
    assert Valid().check(source, candidate).is_valid


def test_an_edit_may_take_the_name_that_a_rename_wants() -> None:
    transformation = RenameAndEdit(("constants",))
    source = analyse("int f(int a) { a = 3; return a; }", "c")
    (edit,) = transformation.edits(source)
    assert transformation.allows(source, "limit_0")
    assert transformation.apply(source, {"a": "limit_0"}, (edit,)) is None


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(SweepError, match=r"statements: every rule must exist, but got 'loop'; did you mean 'loops'\?"):
        EditStatements(("loop",))
