"""Attacks on functions of large projects, as they should be and as the published code does it."""

from __future__ import annotations

import dataclasses
import json
from itertools import islice
from pathlib import Path

import pytest

from robust_ray.attacks import ALERT, MHM, AttackRecipe, CorpusVocabulary, WIRRandom, run
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, Verdict
from tests.fakes import CELL, BagOfNames, example

RECIPES = [
    ALERT(candidates=5, children=4, substitutes=CorpusVocabulary()),
    MHM(candidates=10, iterations=10),
    WIRRandom(candidates=10),
]


def attack(recipe: AttackRecipe, shared_data: Path) -> list[AttackRecord]:
    """Rows of functions of QEMU and FFmpeg, some of which do not parse without their headers."""
    victim = BagOfNames()
    with (shared_data / "devign" / "test.jsonl").open() as lines:
        functions = [json.loads(line) for line in islice(lines, 20)]
    examples = [example(str(row["idx"]), row["func"], language="c", victim=victim) for row in functions]
    names = {source: source.collect(examples, examples, Machine()) for source in recipe.sources}
    return list(run(recipe, examples, victim, names, columns=CELL, seed=0))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.type)
def test_what_the_transformation_makes_the_constraint_takes(recipe: AttackRecipe, shared_data: Path) -> None:
    rows = attack(recipe, shared_data)
    verdicts = [row.verdict for row in rows]
    assert Verdict.ERROR not in verdicts
    assert verdicts.count(Verdict.SUCCEEDED) >= 4
    assert not any(row.rejected for row in rows)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.type)
def test_published_code_breaks_some(recipe: AttackRecipe, shared_data: Path) -> None:
    rows = attack(dataclasses.replace(recipe, paper_mode=True), shared_data)  # type: ignore[call-arg]
    verdicts = [row.verdict for row in rows]
    assert Verdict.ERROR not in verdicts
    assert verdicts.count(Verdict.SUCCEEDED) >= 3
    assert [row.verdict == Verdict.INVALID for row in rows] == [row.rejected > 0 for row in rows]
    assert Verdict.INVALID in verdicts
