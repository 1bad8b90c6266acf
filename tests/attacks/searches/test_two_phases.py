from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from robust_ray.attacks import Candidate, RenameIdentifiers, Space, TwoPhases
from robust_ray.attacks.searches.two_phases import draw
from robust_ray.source.edits import Edit, Splice
from tests.attacks.searching import SOURCE, converse, renames

BYTES = SOURCE.text.index("b * b")
SQUARE = Edit("constants", (Splice(BYTES, BYTES + 5, "b ** 2"),))
SWAP = Edit("constants", (Splice(BYTES + 4, BYTES + 5, "(b)"),))
TOP = Edit("loops", (Splice(0, 0, "0\n"),))
"""``SQUARE`` and ``SWAP`` touch the same bytes."""


def over(edits: Sequence[Edit] = (), names: Mapping[str, Sequence[str]] | None = None) -> Space:
    return Space(SOURCE, RenameIdentifiers(), names or {}, tuple(edits), "<mask>", 0.1)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_structure_comes_first_in_one_batch_of_different_programs() -> None:
    (batch,) = converse(TwoPhases(64, 64).steps(over([TOP, SQUARE, SWAP]), rng()), lambda candidate: 0.0)
    found = [frozenset(candidate.edits) for candidate in batch]
    assert len(found) == len(set(found))
    assert set(found) == {frozenset(each) for each in ([TOP], [SQUARE], [SWAP], [TOP, SQUARE], [TOP, SWAP])}


def test_draws_only_so_many_rewrites() -> None:
    (batch,) = converse(TwoPhases(2, 64).steps(over([TOP, SQUARE, SWAP]), rng()), lambda candidate: 0.0)
    assert 1 <= len(batch) <= 2


NAMES = {"f": ["f0", "f1"], "a": ["a0", "a1", "a2"], "b": ["b0", "a1"]}
ROUNDS = [
    [{"a": "a0"}, {"a": "a0", "b": "b0"}, {"a": "a0", "b": "b0", "f": "f0"}],
    [{"a": "a1"}, {"a": "a1", "f": "f1"}],
    [{"a": "a2"}],
]
"""Variables before functions; a name that is taken in its round is passed over."""


def test_names_of_one_rank_are_given_one_after_the_other() -> None:
    batches = converse(TwoPhases(64, 64).steps(over(names=NAMES), rng()), lambda candidate: 0.9)
    assert [renames(batch) for batch in batches] == ROUNDS


def test_makes_only_so_many_rounds() -> None:
    batches = converse(TwoPhases(64, 2).steps(over(names=NAMES), rng()), lambda candidate: 0.9)
    assert [renames(batch) for batch in batches] == ROUNDS[:2]


def test_names_are_changed_in_the_best_structure() -> None:
    def score(candidate: Candidate) -> float:
        return {(TOP,): 0.3, (TOP, SQUARE): 0.5}.get(candidate.edits, 0.2)

    _, *rounds = converse(TwoPhases(64, 64).steps(over([TOP, SQUARE], NAMES), rng()), score)
    assert [renames(batch) for batch in rounds] == ROUNDS
    assert {candidate.edits for batch in rounds for candidate in batch} == {(TOP, SQUARE)}
    assert all("b0 ** 2" in candidate.text for candidate in rounds[0][1:])


def test_structure_that_does_not_help_is_left_as_it_was() -> None:
    _, *rounds = converse(TwoPhases(64, 64).steps(over([TOP, SQUARE], NAMES), rng()), lambda candidate: 0.1)
    assert {candidate.edits for batch in rounds for candidate in batch} == {()}


def test_every_rewrite_has_an_even_chance() -> None:
    dice = rng()
    drawn = [draw([TOP, SQUARE], dice) for _ in range(1000)]
    assert all(430 < sum(edit in each for each in drawn) < 570 for edit in (TOP, SQUARE))


def test_asks_no_more_than_its_budget() -> None:
    many = {target: [f"{target}{i}" for i in range(100)] for target in NAMES}
    batches = converse(TwoPhases(64, 64).steps(over([TOP], many), rng()), lambda candidate: 0.1)
    assert sum(map(len, batches)) == 1 + 64 * 3


def test_draws_from_more_rewrites_than_can_be_compared_in_pairs() -> None:
    edits = [Edit("constants", (Splice(i, i + 2, "0"),)) for i in range(50_000)]
    drawn = [edit.splices[0] for edit in draw(edits, rng())]
    assert len(drawn) > 10_000
    assert all(before.end <= after.start for before, after in pairwise(drawn))
