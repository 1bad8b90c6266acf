from __future__ import annotations

import dataclasses

import pytest

from robust_ray.attacks import MHM, AttackRecipe
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from tests.contracts import AttackContract, Attacking


class TestMHM(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return MHM(candidates=6, iterations=10)

    def test_sends_at_most_so_many_candidates_in_all(self, attack: Attacking, examples: list[Example]) -> None:
        assert max(row.queries for row in attack(examples)) <= 60


class TestMHMInPaperMode(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return MHM(candidates=6, iterations=10, paper_mode=True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"candidates": 0}, r"attacks\[0\]: `candidates >= 1` must hold, but got 0"),
        ({"iterations": -1}, "`iterations >= 1` must hold, but got -1"),
        ({"threshold": -0.5}, "`threshold >= 0` must hold, but got -0.5"),
        ({"query_budget": 0}, "`query_budget >= 1` must hold, but got 0"),
        ({"substitutes": {"type": "corpus_vocabulary", "limit": 0}}, "`limit >= 1` must hold, but got 0"),
    ],
)
def test_refuses_numbers_that_make_no_attack(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(AttackRecipe, {"type": "mhm", **fields}, "attacks[0]")


def test_the_paper_s_numbers_are_the_defaults() -> None:
    recipe = build(AttackRecipe, "mhm", "attacks[0]")
    assert dataclasses.asdict(recipe) == dataclasses.asdict(
        MHM(candidates=30, iterations=100, threshold=1.0, paper_mode=False, query_budget=None)
    )
