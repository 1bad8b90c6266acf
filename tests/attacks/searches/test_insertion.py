from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from robust_ray.attacks import Candidate, Insertion, RenameIdentifiers, Space
from robust_ray.source.edits import Edit, Splice
from tests.attacks.searching import SOURCE, converse

PLACES = {"top": 0, "body": 13, "end": len(SOURCE.data)}


def edit(place: str, statement: str) -> Edit:
    """One line more at a place; its text is the statement, so that a test can read it."""
    blanks = "    " if place == "body" else ""
    return Edit("dead_code", (Splice(PLACES[place], PLACES[place], f"{blanks}{statement}\n"),))


def over(*edits: Edit) -> Space:
    return Space(SOURCE, RenameIdentifiers(), {}, edits, "<mask>", 0.1)


def places(candidate: Candidate) -> frozenset[str]:
    names = {start: name for name, start in PLACES.items()}
    return frozenset(names[edit.splices[0].start] for edit in candidate.edits)


def script(scores: Mapping[str, float]) -> Callable[[Candidate], float]:
    """``{"top body": 0.5}`` → the score of a candidate with statements there, 0 for what is not listed."""
    table = {frozenset(key.split()): score for key, score in scores.items()}
    return lambda candidate: table.get(places(candidate), 0.0)


def search(candidates: int = 100, iterations: int = 20, *, random_walk: bool = False) -> Insertion:
    return Insertion(candidates, iterations, random_walk)


def asked(searched: Insertion, scores: Mapping[str, float], seed: int = 0) -> list[set[str]]:
    """Where the candidates of each batch have statements, one statement being possible at each place."""
    edits = [edit(place, "0") for place in PLACES]
    batches = converse(searched.steps(over(*edits), np.random.default_rng(seed)), script(scores))
    return [{" ".join(sorted(places(candidate))) for candidate in batch} for batch in batches]


def test_every_free_place_is_tried_and_the_best_insertion_kept() -> None:
    scores = {"top": 0.3, "body": 0.4, "end": 0.2, "body top": 0.5, "body end": 0.3}
    assert asked(search(), scores) == [{"top", "body", "end"}, {"body top", "body end"}, {"body end top"}]


def test_a_statement_is_taken_out_again_where_that_helps() -> None:
    scores = {"top": 0.3, "end top": 0.4, "body top": 0.35, "body end top": 0.5, "body end": 0.6}
    assert asked(search(), scores) == [
        {"top", "body", "end"},
        {"end top", "body top"},
        {"body end top"},
        {"body end"},
    ]


def test_nothing_is_asked_twice() -> None:
    edits = [edit(place, statement) for place in PLACES for statement in ("0", "1")]
    steps = search().steps(over(*edits), np.random.default_rng(0))
    batches = converse(steps, lambda candidate: 0.1 + 0.1 * len(candidate.edits))
    texts = [candidate.text for batch in batches for candidate in batch]
    assert len(set(texts)) == len(texts)
    assert SOURCE.text not in texts


def test_every_statement_of_a_place_can_be_drawn() -> None:
    seen = {
        candidate.text
        for seed in range(20)
        for candidate in converse(
            search(iterations=1).steps(over(edit("top", "0"), edit("top", "1")), np.random.default_rng(seed)),
            lambda candidate: 0.0,
        )[0]
    }
    assert seen == {f"{digit}\n{SOURCE.text}" for digit in "01"}


@pytest.mark.parametrize("candidates", [1, 2])
def test_tries_only_so_many_programs(candidates: int) -> None:
    assert len(asked(search(candidates), {})[0]) == candidates


def test_makes_only_so_many_moves() -> None:
    scores = {"top": 0.3, "body": 0.4, "end": 0.2, "body top": 0.5}
    assert len(asked(search(iterations=2), scores)) == 2


def test_gives_up_after_as_many_rejections_as_there_are_moves() -> None:
    assert asked(search(iterations=10**9), {}) == [{"top", "body", "end"}]


def test_the_random_walk_tries_one_program_at_a_time_and_gives_up_after_ten() -> None:
    batches = asked(search(iterations=10**9, random_walk=True), {})
    assert sorted(names for batch in batches for names in batch) == ["body", "end", "top"]
    assert {len(batch) for batch in batches} == {1}


def test_the_random_walk_goes_both_ways() -> None:
    scores = {"top": 0.2, "body": 0.2, "end": 0.2, "end top": 0.3, "body top": 0.3, "body end": 0.3}
    batches = [batch for seed in range(20) for batch in asked(search(random_walk=True), scores, seed)]
    assert {len(names.split()) for batch in batches for names in batch} == {1, 2, 3}


@pytest.mark.parametrize("random_walk", [False, True])
def test_ends_at_once_where_nothing_can_be_inserted(random_walk: bool) -> None:
    steps = search(random_walk=random_walk).steps(over(), np.random.default_rng(0))
    assert converse(steps, lambda candidate: 0.9) == []
