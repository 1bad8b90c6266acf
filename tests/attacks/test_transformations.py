from __future__ import annotations

from robust_ray.attacks import Candidate, RenameIdentifiers, Valid
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
