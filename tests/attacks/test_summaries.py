"""An attack on a victim of one score, the BLEU of a summary, through the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from robust_ray.attacks import BleuBelow, Goal, Untargeted, WIRRandom, run
from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Example, Input
from robust_ray.core.machine import Machine
from robust_ray.core.records import Verdict
from robust_ray.core.victim import Encoding
from robust_ray.metrics import bleu
from tests.fakes import CELL, PYTHON


class FirstLine:
    """Summarizes a program by the words of its first line, and is scored against the reference."""

    batch_invariant = True
    mask_token = "unknown"
    n_labels = 1

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        return [Encoding(asked, len(asked[0])) for asked in inputs]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        asked = [cast(Input, encoding.ids) for encoding in encodings]
        return np.array([[bleu(reference, text.splitlines()[0])] for text, reference in asked])


@pytest.mark.parametrize("goal", [BleuBelow(), Untargeted()])
@pytest.mark.parametrize(
    ("reference", "verdict"),
    [
        ("mean values default", Verdict.SUCCEEDED),
        ("def (mean) of its values: or default", Verdict.FAILED),
        ("nothing it says", Verdict.SKIPPED_MISPREDICTED),
    ],
)
def test_an_attack_makes_the_summary_share_nothing_with_the_reference(
    reference: str, verdict: Verdict, goal: Goal
) -> None:
    example = Example(uid="u", segments=(PYTHON[0],), label=0, language="python", reference=reference)
    recipe = WIRRandom(goal=goal)
    names = {
        source: source.collect([Example(uid="v", segments=(PYTHON[1],), label=0, language="python")], [], Machine())
        for source in recipe.sources
    }
    (row,) = run(recipe, [example], FirstLine(), names, columns=CELL, seed=0)
    assert row.verdict == verdict
    assert row.context == (reference,)
    if verdict == Verdict.SUCCEEDED:
        assert row.confidence is not None
        assert row.confidence > 0.1
        assert row.adversarial_confidence == 0.0
        assert set(reference.split()).isdisjoint((row.adversarial or "").splitlines()[0].replace("(", " ").split(", "))
