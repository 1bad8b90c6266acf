from __future__ import annotations

import pytest

from robust_ray.attacks import AttackRecipe, RandomRenaming
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.records import Verdict
from tests.contracts import AttackContract, Attacking


class TestRandomRenaming(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return RandomRenaming(queries=40)

    def test_a_failed_attack_has_made_all_its_queries(self, attack: Attacking, examples: list[Example]) -> None:
        rows = attack(examples)
        assert all(row.queries == 40 for row in rows if row.verdict == Verdict.FAILED)
        assert all(row.queries == row.curve_queries[-1] for row in rows if row.verdict == Verdict.SUCCEEDED)


def test_refuses_to_ask_nothing() -> None:
    with pytest.raises(SweepError, match=r"attacks\[0\]: `queries >= 1` must hold, but got 0"):
        build(AttackRecipe, {"type": "random", "queries": 0}, "attacks[0]")
