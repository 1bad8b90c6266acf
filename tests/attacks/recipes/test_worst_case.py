from __future__ import annotations

from dataclasses import replace

import pytest

from robust_ray.attacks import MHM, AttackRecipe, RandomRenaming, Targeted, WorstCase
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.records import Verdict
from tests.contracts import AttackContract, Attacking

WEAK, STRONG = RandomRenaming(queries=2), MHM(candidates=6, iterations=10)


class TestWorstCase(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return WorstCase(attacks=(WEAK, STRONG))

    def test_an_example_falls_if_one_alone_fells_it(self, attack: Attacking, examples: list[Example]) -> None:
        weak, strong = attack(examples, WEAK), attack(examples, STRONG)
        winners = set()
        for row, first, second in zip(attack(examples), weak, strong, strict=True):
            alone = first if first.verdict == Verdict.SUCCEEDED else second
            assert (row.verdict, row.adversarial, row.won_by) == (alone.verdict, alone.adversarial, alone.won_by)
            assert row.queries == first.queries + (0 if alone is first else second.queries)
            winners.add(row.won_by)
        assert {"random", "mhm"} <= winners, "or this test shows nothing"


def test_there_is_a_standard_ensemble() -> None:
    recipe = build(AttackRecipe, "worst_case", "attacks[0]")
    assert [part.type for part in recipe.parts] == ["wir_random", "alert", "mhm", "beam_attack"]


def test_its_attacks_have_its_goal() -> None:
    recipe = WorstCase(attacks=(WEAK, STRONG), goal=Targeted(label=1))
    assert recipe.parts == tuple(replace(attack, goal=Targeted(label=1)) for attack in (WEAK, STRONG))


def test_each_source_of_names_is_asked_once() -> None:
    assert len(WorstCase(attacks=(WEAK, STRONG)).sources) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"attacks": []}, r"attacks\[0\]: `attacks` must name at least one attack, but got none"),
        (
            {"attacks": ["mhm", "worst_case"]},
            r"attacks\[1\]: the attack must be a SingleAttack, but got 'worst_case'; \(known: alert",
        ),
        ({"attacks": ["mhm", "random", "mhm"]}, "`attacks` must differ, but got 'mhm' twice"),
        (
            {"attacks": [{"type": "mhm", "goal": {"type": "targeted", "label": 1}}]},
            r"`attacks\[0\]` must have the goal of the ensemble, but got 'targeted'",
        ),
        ({"substitutes": "corpus_vocabulary"}, "substitutes"),
    ],
)
def test_refuses_what_makes_no_ensemble(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(AttackRecipe, {"type": "worst_case", **fields}, "attacks[0]")
