"""An attack on a model that writes summaries, through the engine."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from robust_ray.attacks import BleuBelow, WIRRandom, run
from robust_ray.attacks.summaries import ScoredSummaries
from robust_ray.core.examples import Example, Input
from robust_ray.core.machine import Machine
from robust_ray.core.records import Verdict
from robust_ray.core.victim import Encoding
from tests.fakes import CELL, PYTHON


class FirstLine:
    """Summarizes a program by the words of its first line."""

    batch_invariant = True
    mask_token = "unknown"

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        return [Encoding(text, len(text)) for (text,) in inputs]

    def generate(self, encodings: Sequence[Encoding]) -> list[str]:
        return [str(encoding.ids).splitlines()[0].replace("_", " ") for encoding in encodings]


@pytest.mark.parametrize(
    ("reference", "verdict"),
    [
        ("mean values default", Verdict.SUCCEEDED),
        ("def (mean) of its values: or default", Verdict.FAILED),
        ("nothing it says", Verdict.SKIPPED_MISPREDICTED),
    ],
)
def test_an_attack_makes_the_summary_share_nothing_with_the_reference(reference: str, verdict: Verdict) -> None:
    example = Example(uid="u", segments=(PYTHON[0], reference), label=0, language="python")
    recipe = WIRRandom(goal=BleuBelow())
    names = {
        source: source.collect([Example(uid="v", segments=(PYTHON[1],), label=0, language="python")], [], Machine())
        for source in recipe.sources
    }
    (row,) = run(recipe, [example], ScoredSummaries(FirstLine()), names, columns=CELL, seed=0)
    assert row.verdict == verdict
    assert row.context == (reference,)
    if verdict == Verdict.SUCCEEDED:
        assert row.confidence is not None
        assert row.confidence > 0.1
        assert row.adversarial_confidence == 0.0
        assert set(reference.split()).isdisjoint((row.adversarial or "").splitlines()[0].replace("(", " ").split(", "))
