from __future__ import annotations

import re
from dataclasses import replace

import pytest

from robust_ray.attacks import CODA, AttackRecipe, CorpusVocabulary, run
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from tests import fakes
from tests.contracts import AttackContract, Attacking


class TestCODA(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return CODA(rewrites=8, rounds=6, substitutes=CorpusVocabulary())

    @pytest.fixture
    def unchangeable(self) -> str:
        return "print()\n"

    def test_asks_no_more_than_its_rewrites_and_rounds(self, attack: Attacking, examples: list[Example]) -> None:
        assert all(row.queries <= 8 + 6 * (row.identifiers or 0) for row in attack(examples))


def test_names_come_from_programs_of_another_class() -> None:
    victim = fakes.BagOfNames()
    attacked = fakes.example("attacked", "def f(a):\n    return a\n", language="python", victim=victim)
    alike = replace(attacked, uid="alike", segments=("def h(third):\n    return third\n",))
    other = replace(attacked, uid="other", segments=("def g(first):\n    return first\n",), label=1 - attacked.label)
    recipe = CODA()
    names = {source: source.collect([alike, other], [attacked], Machine()) for source in recipe.sources}
    list(run(recipe, [attacked], victim, names, columns=fakes.CELL, seed=0))
    asked = " ".join(str(encoding.ids) for batch in victim.batches for encoding in batch)
    words = set(re.findall(r"\w+", asked))
    assert words <= {"def", "return", "f", "a", "g", "first"}
    assert "first" in words


@pytest.mark.parametrize("field", ["rewrites", "rounds"])
def test_refuses_to_try_nothing(field: str) -> None:
    with pytest.raises(SweepError, match=rf"attacks\[0\]: `{field} >= 1` must hold, but got 0"):
        build(AttackRecipe, {"type": "coda", field: 0}, "attacks[0]")


def test_the_paper_s_numbers_are_the_defaults() -> None:
    recipe = CODA()
    assert (recipe.rewrites, recipe.rounds) == (64, 64)
