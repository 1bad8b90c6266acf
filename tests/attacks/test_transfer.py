"""What fools one victim is shown to another: what becomes of it is a fact about the other."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from robust_ray.attacks import BleuBelow, Goal, RandomNames, RandomRenaming, Substitutes, Targeted, Untargeted, engine
from robust_ray.attacks.transfer import replay
from robust_ray.core.arrays import FloatArray
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, CellRecord, SubstituteRecord, TransferRecord, Verdict
from robust_ray.core.victim import Encoding
from tests import fakes

NAMES = RandomNames(count=30)
RECIPE = RandomRenaming(queries=30, substitutes=NAMES)
TARGET = fakes.CELL | {"key": "transfer-x-v1-0", "student": "target", "compression": "distillation"}


@dataclasses.dataclass
class Biased(fakes.BagOfNames):
    """A victim that leans to class 1, so that it disagrees with others about some programs."""

    lean: float = 2.0

    def predict(self, encodings: Any) -> FloatArray:
        """Softmax of the votes and the lean."""
        odds = super().predict(encodings) * np.array([1.0, np.e**self.lean])
        probabilities: FloatArray = odds / odds.sum(axis=1, keepdims=True)
        return probabilities


@dataclasses.dataclass
class Summaries(fakes.BagOfNames):
    """A victim whose one score is 0 for a program without this word."""

    word: str = "total"
    n_labels: int = 1

    def _row(self, encoding: Encoding) -> FloatArray:
        return super()._row(encoding) * float(self.word in repr(encoding.ids))


def successes(victim: fakes.BagOfNames) -> list[AttackRecord]:
    """What a small attack finds against a victim that is right on every program."""
    examples = fakes.examples(victim)
    names: dict[Substitutes, list[SubstituteRecord]] = {NAMES: NAMES.collect(examples, examples, Machine())}
    rows = engine.run(RECIPE, examples, victim, names, columns=fakes.CELL, seed=0)
    return [row for row in rows if row.verdict == Verdict.SUCCEEDED]


@pytest.fixture(scope="module")
def found() -> list[AttackRecord]:
    rows = successes(fakes.BagOfNames())
    assert len(rows) >= 3
    return rows


@pytest.mark.parametrize("batch_tokens", [1, 100_000])
def test_on_its_own_victim_every_adversarial_example_succeeds_again(
    found: list[AttackRecord], batch_tokens: int
) -> None:
    rows = replay(Untargeted(), found, fakes.BagOfNames(), TARGET, max_batch_tokens=batch_tokens)
    assert [row.uid for row in rows] == [row.uid for row in found]
    for row, attacked in zip(rows, found, strict=True):
        assert row.applies
        assert row.transferred
        assert (row.prediction, row.adversarial_prediction) == (attacked.prediction, attacked.adversarial_prediction)
        assert row.confidence == pytest.approx(attacked.confidence)
        assert row.adversarial_confidence == pytest.approx(attacked.adversarial_confidence)


def test_a_row_names_the_target_as_its_cell_and_the_source_beside_it(found: list[AttackRecord]) -> None:
    attacked = dataclasses.replace(found[0], compression="low_rank", compression_params='{"ratio":0.5}', model="other")
    (row,) = replay(Untargeted(), [attacked], fakes.BagOfNames(), TARGET)
    assert {field.name: getattr(row, field.name) for field in dataclasses.fields(CellRecord)} == TARGET
    assert (row.source, row.source_teacher, row.found_by) == (attacked.student, attacked.teacher, attacked.key)
    assert (row.source_model, row.source_model_params) == ("other", attacked.model_params)
    assert (row.source_compression, row.source_compression_params) == ("low_rank", '{"ratio":0.5}')
    assert (row.attack, row.attack_params) == (attacked.attack, attacked.attack_params)
    assert (row.uid, row.label) == (attacked.uid, attacked.label)


def test_a_target_that_is_wrong_on_the_original_has_nothing_to_lose(found: list[AttackRecord]) -> None:
    rows = replay(Untargeted(), found, Biased(lean=50.0), TARGET)
    assert {row.label for row in rows} == {0, 1}
    for row in rows:
        assert (row.prediction, row.adversarial_prediction) == (1, 1)
        assert row.applies == (row.label == 1)
        assert row.transferred is (False if row.applies else None)


def test_whether_it_transferred_is_for_the_goal_to_say(found: list[AttackRecord]) -> None:
    three = fakes.BagOfNames(n_labels=3)
    for label in range(3):
        goal: Goal = Targeted(label=label)
        for row in replay(goal, found, three, TARGET):
            assert row.applies == (row.prediction == row.label)
            assert row.transferred == ((row.adversarial_prediction == label) if row.applies else None)


@pytest.mark.parametrize("goal", [Untargeted(), BleuBelow()])
def test_of_a_summary_its_bleu_decides(goal: Goal, found: list[AttackRecord]) -> None:
    texts = ("total = 1\n", "best = 1\n"), ("total = 1\n", "total = 2\n"), ("best = 1\n", "x = 1\n")
    asked = [
        dataclasses.replace(found[0], original=original, adversarial=adversarial, context=("a reference",), label=0)
        for original, adversarial in texts
    ]
    rows = replay(goal, asked, Summaries(), TARGET)
    assert [(row.applies, row.transferred) for row in rows] == [(True, True), (True, False), (False, None)]
    assert [(row.confidence, row.adversarial_confidence) for row in rows] == [(1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]
    assert {(row.prediction, row.adversarial_prediction) for row in rows} == {(None, None)}


def test_the_other_segments_are_asked_unchanged(found: list[AttackRecord]) -> None:
    victim = fakes.BagOfNames()
    replay(Untargeted(), [dataclasses.replace(found[0], context=("def other(): pass",))], victim, TARGET)
    asked = [encoding.ids for batch in victim.batches for encoding in batch]
    assert [ids[1:] for ids in asked if isinstance(ids, tuple)] == [(("def", "other", "pass"),)] * 2


def test_everything_is_asked_at_once_and_the_same_program_once(found: list[AttackRecord]) -> None:
    victim = fakes.BagOfNames()
    twice = [*found, *(dataclasses.replace(row, attack="other") for row in found)]
    rows: list[TransferRecord] = replay(Untargeted(), twice, victim, TARGET, max_batch_tokens=100_000)
    assert len(rows) == 2 * len(found)
    assert [len(batch) for batch in victim.batches] == [2 * len(found)]


def test_an_answer_that_is_no_number_is_no_answer(found: list[AttackRecord]) -> None:
    class Broken(fakes.BagOfNames):
        def _row(self, encoding: Encoding) -> FloatArray:
            return super()._row(encoding) * float("nan")

    with pytest.raises(ValueError, match="not a number"):
        replay(Untargeted(), found, Broken(), TARGET)
