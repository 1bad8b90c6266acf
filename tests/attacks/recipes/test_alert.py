from __future__ import annotations

import dataclasses

import pytest

from robust_ray.attacks import ALERT, AttackRecipe, CorpusVocabulary
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from tests.contracts import AttackContract


class TestALERT(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return ALERT(candidates=3, children=8, substitutes=CorpusVocabulary())


class TestALERTInPaperMode(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return ALERT(candidates=3, children=8, paper_mode=True, substitutes=CorpusVocabulary())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"candidates": 0}, r"attacks\[0\]: `candidates >= 1` must hold, but got 0"),
        ({"children": 0}, "`children >= 1` must hold, but got 0"),
        ({"crossover": 1.5}, "`0 <= crossover <= 1` must hold, but got 1.5"),
    ],
)
def test_refuses_numbers_that_make_no_attack(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(AttackRecipe, {"type": "alert", **fields}, "attacks[0]")


def test_the_paper_s_numbers_are_the_defaults() -> None:
    recipe = build(AttackRecipe, "alert", "attacks[0]")
    assert dataclasses.asdict(recipe) == dataclasses.asdict(
        ALERT(candidates=30, children=64, crossover=0.7, paper_mode=False, query_budget=None)
    )
