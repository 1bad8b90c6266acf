from __future__ import annotations

import pytest

from robust_ray.attacks import AttackRecipe, WIRRandom, run
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.records import SubstituteRecord
from tests.contracts import AttackContract
from tests.fakes import CELL, BagOfNames, examples


class TestWIRRandom(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return WIRRandom(candidates=8)


class TestWIRRandomInPaperMode(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return WIRRandom(candidates=8, paper_mode=True)


def test_names_are_drawn_with_replacement() -> None:
    two_names = [
        SubstituteRecord(key="", source="test", uid=None, identifier=None, substitute=name, rank=rank, score=1.0)
        for rank, name in enumerate(["wanted", "glue"])
    ]
    victim = BagOfNames()
    python = [program for program in examples(victim) if program.language == "python"]
    recipe = WIRRandom(candidates=8)
    rows = run(recipe, python, victim, dict.fromkeys(recipe.sources, two_names), columns=CELL, seed=0)
    assert any(row.queries > row.forwards for row in rows)


def test_refuses_to_draw_nothing() -> None:
    with pytest.raises(SweepError, match=r"attacks\[1\]: `candidates >= 1` must hold, but got 0"):
        build(AttackRecipe, {"type": "wir_random", "candidates": 0}, "attacks[1]")
