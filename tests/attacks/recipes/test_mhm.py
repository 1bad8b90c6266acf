from __future__ import annotations

import dataclasses
import json

import pytest

from robust_ray.attacks import MHM, MHMNS, AttackRecipe, CorpusVocabulary, run
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.records import SubstituteRecord
from tests.contracts import AttackContract, Attacking
from tests.fakes import CELL, BagOfNames, examples


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


class TestMHMNS(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return MHMNS(candidates=6, iterations=10, substitutes=CorpusVocabulary())


def test_names_of_an_identifier_are_proposed_for_it_alone() -> None:
    own = {"text": "first", "index": "second"}
    rows = [
        SubstituteRecord(key="", source="test", uid="c-0", identifier=old, substitute=new, rank=0, score=1.0)
        for old, new in own.items()
    ]
    victim = BagOfNames()
    (example,) = (each for each in examples(victim) if each.uid == "c-0")
    recipe = MHMNS(iterations=20)
    (row,) = run(recipe, [example], victim, dict.fromkeys(recipe.sources, rows), columns=CELL, seed=0)
    assert row.forwards <= 1 + 2 + 1, "each alone, and both"
    assert json.loads(row.renames).items() <= own.items()


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
