from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from robust_ray.attacks import Beam, Candidate, RenameIdentifiers, Space
from robust_ray.source.contexts import Statement
from robust_ray.source.identifiers import analyse
from tests.attacks.searching import converse, renames, space

RNG = np.random.default_rng(0)
METHOD, RETURN = Statement.METHOD, Statement.RETURN


def beam(
    size: int = 1,
    candidates: int = 3,
    weights: Mapping[Statement, float] | None = None,
    *,
    paper_mode: bool = False,
) -> Beam:
    return Beam(size, candidates, weights or {RETURN: 1.0}, paper_mode)


def script(scores: Mapping[str, float]) -> Callable[[Candidate], float]:
    """``{"a:x b:y": 0.5}`` → the score of a candidate, 0 for what is not listed."""
    table = {frozenset(key.split()): score for key, score in scores.items()}
    return lambda candidate: table.get(frozenset(f"{old}:{new}" for old, new in candidate.renames.items()), 0.0)


def asked(searched: Beam, over: Space, scores: Mapping[str, float]) -> list[str]:
    """What each batch renames: ``"a:x | a:y"``; the original is ``-``."""
    batches = converse(searched.steps(over, RNG), script({"": over.original_score, **scores}))
    return [" | ".join(_spelled(renamed) for renamed in renames(batch)) for batch in batches]


def _spelled(renamed: Mapping[str, str]) -> str:
    return " ".join(f"{old}:{new}" for old, new in renamed.items()) or "-"


TWO_NAMES = {"a:x": 0.3, "a:y": 0.2, "b:x": 0.05, "b:y": 0.4, "a:x b:y": 0.5}


def test_the_best_programs_go_on_and_none_is_asked_twice() -> None:
    assert asked(beam(2), space(["x", "y"]), TWO_NAMES) == ["a:x | a:y", "b:x | b:y", "b:y a:x"]


def test_paper_mode_asks_the_current_program_and_known_ones_again() -> None:
    assert asked(beam(2, paper_mode=True), space(["x", "y"]), TWO_NAMES) == [
        "- | a:x | a:y",
        "- | b:x | b:y",
        "b:y | b:y a:x",
        "a:x | a:x b:y",
        "b:y a:x | a:x",
        "b:y a:x | b:y",
    ]


def test_in_the_end_replacements_are_replaced_if_that_is_no_worse() -> None:
    scores = {"a:x": 0.5, "a:y": 0.2, "a:z": 0.3, "b:y": 0.2, "a:x b:y": 0.6, "a:z b:y": 0.6, "a:z b:x": 0.55}
    assert asked(beam(), space(), scores) == [
        "a:x | a:y | a:z",
        "b:x | b:y | b:z",
        "a:x b:y | a:x b:z",
        "b:y a:z",
        "a:z b:x",
    ]


NAMES_OF_THEIR_OWN = {"f": ["z"], "a": ["x"], "b": ["y"]}


def test_in_the_end_a_name_is_given_back_if_that_is_no_worse() -> None:
    over = Space(space().source, RenameIdentifiers(), NAMES_OF_THEIR_OWN, (), "<mask>", 0.1)
    scores = {"a:x": 0.3, "b:y": 0.2, "f:z": 0.2, "a:x b:y": 0.4, "a:x f:z": 0.35, "a:x b:y f:z": 0.5, "b:y f:z": 0.5}
    assert asked(beam(weights={METHOD: 1.0}), over, scores) == [
        "f:z",
        "a:x",
        "b:y",
        "a:x f:z",
        "a:x b:y",
        "a:x b:y f:z",
        "b:y f:z",
    ]


@pytest.mark.parametrize("size", [1, 5])
def test_a_kind_of_statement_ends_when_nothing_in_it_helps(size: int) -> None:
    assert asked(beam(size), space(["x", "y"]), {}) == ["a:x | a:y", "b:x | b:y"]


def test_tries_only_so_many_names() -> None:
    assert asked(beam(candidates=1), space(["x", "y"]), {}) == ["a:x", "b:x"]


def kinds(names: Sequence[str], weights: Mapping[Statement, float], *, paper_mode: bool = False) -> list[str]:
    """What is asked in a program with ``a`` in its ``return``; every renaming helps, and more of them help more."""
    source = analyse("def f(a, b, c):\n    return a\n", "python")
    over = Space(source, RenameIdentifiers(), {name: [f"{name}1"] for name in names}, (), "<mask>", 0.0)
    batches = converse(
        beam(weights=weights, paper_mode=paper_mode).steps(over, RNG), lambda candidate: len(candidate.renames)
    )
    return [" ".join(renamed) for batch in batches for renamed in renames(batch)]


def test_the_heaviest_kind_of_statement_goes_first() -> None:
    assert kinds(["f", "a"], {METHOD: 1.0, RETURN: 2.0}) == ["a", "a f", "f"]
    assert kinds(["f", "a"], {METHOD: 2.0, RETURN: 1.0})[:2] == ["f", "a"], "a name belongs to its heaviest kind"


def test_paper_mode_has_a_fixed_order() -> None:
    assert "a f" not in kinds(["f", "a"], {METHOD: 1.0, RETURN: 2.0}, paper_mode=True)


@pytest.mark.parametrize(("weight", "changed"), [(3.0, 4), (2.0, 3), (1.0, 2), (0.1, 2)])
def test_the_weight_says_how_many_of_the_later_kinds_are_changed(weight: float, changed: int) -> None:
    found = kinds(["f", "a", "b", "c"], {RETURN: 3.0, METHOD: weight})
    assert max(len(names.split()) for names in found) == changed


def test_a_missing_kind_has_the_smallest_weight() -> None:
    assert kinds(["f", "a", "b", "c"], {RETURN: 3.0, Statement.IF: 1.0}) == kinds(
        ["f", "a", "b", "c"], {RETURN: 3.0, METHOD: 1.0}
    )
