from __future__ import annotations

from dataclasses import replace

import numpy as np

from robust_ray.attacks import Candidate, MetropolisHastings, RenameTokens, Scores
from tests.attacks.searching import converse, renames, space

NAMES = [f"n{i}" for i in range(40)]


def search(threshold: float = 1.0, *, paper_mode: bool = False) -> MetropolisHastings:
    return MetropolisHastings(candidates=8, iterations=12, threshold=threshold, paper_mode=paper_mode)


def scores(*values: float) -> Scores:
    return Scores(np.array(values), np.zeros(len(values), dtype=np.bool_))


def test_each_iteration_proposes_distinct_names_for_one_identifier() -> None:
    batches = converse(search().steps(space(NAMES), np.random.default_rng(0)), lambda candidate: 0.1)
    assert len(batches) == 12
    for batch in batches:
        assert len({candidate.text for candidate in batch}) == 8
        assert len({frozenset(renamed) for renamed in renames(batch)}) == 1


def test_moves_to_the_best_candidate() -> None:
    steps = search().steps(space(NAMES), np.random.default_rng(0))
    moved_to = next(steps)[2].renames
    batch = steps.send(scores(0.2, 0.3, 0.9, 0.4, 0.5, 0.1, 0.1, 0.6))
    while renames(batch)[0].keys() == moved_to.keys():
        batch = steps.send(scores(*[0.0] * 8))
    assert all(renamed.items() > moved_to.items() for renamed in renames(batch))


def test_paper_mode_moves_to_the_last_candidate() -> None:
    steps = search(paper_mode=True).steps(space(NAMES), np.random.default_rng(0))
    moved_to = next(steps)[-1]
    assert steps.send(scores(0.1, 0.2, 0.3, 0.9, 0.4, 0.5, 0.1, 0.1, 0.0))[0] == moved_to


def test_paper_mode_asks_the_current_program_again() -> None:
    steps = search(paper_mode=True).steps(space(NAMES), np.random.default_rng(0))
    original, *proposed = next(steps)
    assert (original.text, original.renames) == (space().source.text, {})
    assert len(proposed) == 8
    assert steps.send(scores(*[0.0] * 9))[0] == original


def test_paper_mode_asks_the_current_program_even_where_there_is_nothing_to_propose() -> None:
    steps = search(paper_mode=True).steps(space(["n0"], targets=["a"]), np.random.default_rng(0))
    batches = converse(steps, lambda candidate: 0.9 * len(candidate.renames))
    assert [renames(batch) for batch in batches] == [[{}, {"a": "n0"}], *[[{"a": "n0"}]] * 11]


def test_a_name_in_use_is_not_proposed_whatever_the_transformation_makes_of_it() -> None:
    tokens = replace(space(["n0", "n1"]), transformation=RenameTokens())
    steps = search().steps(tokens, np.random.default_rng(0))
    for batch in converse(steps, lambda candidate: 0.1 + len(candidate.renames)):
        for renamed in renames(batch):
            assert len(set(renamed.values())) == len(renamed)


def test_a_threshold_of_one_accepts_improvements_only() -> None:
    batches = converse(search().steps(space(NAMES, score=0.5), np.random.default_rng(0)), lambda candidate: 0.4)
    assert {len(renamed) for batch in batches for renamed in renames(batch)} == {1}


def test_a_low_threshold_accepts_some_losses() -> None:
    def worse_by_half(candidate: Candidate) -> float:
        return 0.5 ** (1 + len(candidate.renames))

    steps = search(0.0).steps(space(NAMES, score=0.5), np.random.default_rng(0))
    assert {len(renamed) for batch in converse(steps, worse_by_half) for renamed in renames(batch)} == {1, 2}


def test_ends_when_there_is_no_name_to_propose() -> None:
    batches = converse(search().steps(space(["n0"], targets=["a"]), np.random.default_rng(0)), lambda candidate: 0.9)
    assert [renames(batch) for batch in batches] == [[{"a": "n0"}]]
