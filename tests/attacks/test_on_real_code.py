from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from robust_ray.attacks import MHM, AttackRecipe, WIRRandom, run
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.core.records import Verdict
from tests.fakes import CELL, BagOfNames, example


def functions(shared_data: Path, victim: BagOfNames) -> list[Example]:
    """Functions of QEMU and FFmpeg, some of which do not parse without their headers."""
    with (shared_data / "devign" / "test.jsonl").open() as lines:
        rows = [json.loads(line) for line in islice(lines, 25)]
    return [example(str(row["idx"]), row["func"], language="c", victim=victim) for row in rows]


@pytest.mark.parametrize("recipe", [WIRRandom(candidates=10), MHM(candidates=10, iterations=10)])
def test_attacks_functions_of_large_projects(recipe: AttackRecipe, shared_data: Path) -> None:
    victim = BagOfNames()
    examples = functions(shared_data, victim)
    names = {source: source.collect(examples, examples, Machine()) for source in recipe.sources}
    rows = list(run(recipe, examples, victim, names, columns=CELL, seed=0))
    verdicts = [row.verdict for row in rows]
    assert Verdict.ERROR not in verdicts
    assert verdicts.count(Verdict.SUCCEEDED) >= 5
    assert not any(row.rejected for row in rows), "what the transformation makes, the constraint takes"
