"""What the paper modes of all recipes share: a claim of success ends the attack, and the row says what it is worth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from robust_ray.attacks import ALERT, MHM, MHMNS, AttackRecipe, WIRRandom, run
from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Example, Input
from robust_ray.core.records import AttackRecord, SubstituteRecord, Verdict
from robust_ray.core.victim import Encoding
from tests.fakes import CELL

PROGRAM = "int size(struct list *s, int len)\n{\n    return s->len + len;\n}\n"
"""A member has the name of a parameter."""


class FooledBy:
    """A victim that answers class 1 where a word stands, else class 0 with 80 percent."""

    batch_invariant = True
    n_labels = 2
    mask_token = "<mask>"

    def __init__(self, word: str) -> None:
        self.word = word

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        return [Encoding(segments, sum(map(len, segments))) for segments in inputs]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        texts = [cast(Input, encoding.ids)[0] for encoding in encodings]
        found = [re.search(rf"\b{self.word}\b", text) for text in texts]
        return np.array([[0.1, 0.9] if word else [0.8, 0.2] for word in found])


def attack(recipe: AttackRecipe, word: str, names: dict[str, str]) -> AttackRecord:
    """The row of the program, when the word fools the victim and each name may get another."""
    offered = [
        SubstituteRecord(key="", source="test", uid="u", identifier=old, substitute=new, rank=0, score=1.0)
        for old, new in names.items()
    ]
    program = Example(uid="u", segments=(PROGRAM,), label=0, language="c")
    (row,) = run(recipe, [program], FooledBy(word), dict.fromkeys(recipe.sources, offered), columns=CELL, seed=0)
    return row


RECIPES = [
    *(ALERT(paper_mode=True), MHM(iterations=10, paper_mode=True)),
    *(MHMNS(iterations=10, paper_mode=True), WIRRandom(paper_mode=True)),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.type)
def test_a_broken_program_ends_the_attack_and_is_a_raw_success_only(recipe: AttackRecipe) -> None:
    row = attack(recipe, "n", {"len": "n"})
    assert (row.verdict, row.is_valid, row.rejected) == (Verdict.INVALID, False, 1)
    assert row.adversarial == PROGRAM.replace("len", "n")
    assert row.renames == '{"len":"n"}'


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.type)
def test_a_program_that_happens_to_be_valid_is_a_success(recipe: AttackRecipe) -> None:
    row = attack(recipe, "list_of_all", {"s": "list_of_all"})
    assert (row.verdict, row.is_valid) == (Verdict.SUCCEEDED, True)


def test_alert_asks_the_original_with_the_probes() -> None:
    """The original, three tokens ``len`` of which one is a member, and one name."""
    assert attack(ALERT(paper_mode=True), "n", {"len": "n"}).queries == 1 + 3 + 1
    assert attack(ALERT(), "n", {"len": "n"}).queries == 2 + 1


def test_two_variables_of_wir_random_may_become_one() -> None:
    assert attack(WIRRandom(paper_mode=True), r"list \*len", {"s": "len"}).verdict == Verdict.INVALID
    assert attack(WIRRandom(), r"list \*len", {"s": "len"}).verdict == Verdict.SKIPPED_NO_TARGET
    assert attack(ALERT(paper_mode=True), r"list \*len", {"s": "len"}).verdict == Verdict.SKIPPED_NO_TARGET
