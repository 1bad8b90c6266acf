from __future__ import annotations

import json

import pytest

from robust_ray.attacks import AttackRecipe, CarrotInsertion
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.records import Verdict
from tests import fakes
from tests.contracts import AttackContract, Attacking


class Inserting(AttackContract):
    """The contract for an attack that changes no name."""

    @pytest.fixture
    def unchangeable(self) -> str:
        return "# nothing to put a statement before\n"

    def test_changes_no_name_and_says_what_it_inserted(self, attack: Attacking, examples: list[Example]) -> None:
        rows = attack(examples)
        assert {(row.identifiers, row.renames) for row in rows} == {(0, "{}")}
        assert all(json.loads(row.edits) for row in rows if row.verdict == Verdict.SUCCEEDED)

    def test_skips_what_the_victim_already_gets_wrong(self, attack: Attacking, victim: fakes.BagOfNames) -> None:
        (row,) = attack([fakes.example("wrong", fakes.PYTHON[0], language="python", victim=victim, right=False)])
        assert (row.verdict, row.queries, row.forwards) == (Verdict.SKIPPED_MISPREDICTED, 0, 1)


class TestCarrotInsertion(Inserting):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return CarrotInsertion(candidates=10, iterations=4)


class TestRandomWalk(Inserting):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return CarrotInsertion(iterations=30, random_walk=True)


@pytest.mark.parametrize("field", ["candidates", "iterations"])
def test_refuses_to_try_nothing(field: str) -> None:
    with pytest.raises(SweepError, match=rf"attacks\[0\]: `{field} >= 1` must hold, but got 0"):
        build(AttackRecipe, {"type": "carrot_insertion", field: 0}, "attacks[0]")


def test_the_paper_s_numbers_are_the_defaults() -> None:
    recipe = CarrotInsertion()
    assert (recipe.candidates, recipe.iterations) == (100, 20)
