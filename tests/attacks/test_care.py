"""With care, examples are attacked one at a time, suspects first, and the lost not at all; rows stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from robust_ray.attacks import CarrotInsertion, run
from robust_ray.core.care import Care
from robust_ray.core.examples import Input
from robust_ray.core.records import Verdict
from robust_ray.core.victim import Encoding
from tests.fakes import CELL, BagOfNames, examples

RECIPE = CarrotInsertion(candidates=3, iterations=2)
EXAMPLES = examples(BagOfNames())


class Witness(BagOfNames):
    """Has seen which examples are read between two that are begun."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, set[str]]] = []

    def begin(self, uid: str) -> None:
        self.seen.append((uid, set()))

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        self.seen[-1][1].update(example.uid for example in EXAMPLES if example.input in inputs)
        return super().encode(inputs)


def test_examples_are_attacked_one_at_a_time() -> None:
    witness, last = Witness(), EXAMPLES[-1].uid
    care = Care(begin=witness.begin, suspects=[last])
    rows = list(run(RECIPE, EXAMPLES, witness, {}, columns=CELL, seed=0, care=care))
    assert rows == list(run(RECIPE, EXAMPLES, BagOfNames(), {}, columns=CELL, seed=0))
    assert [uid for uid, _ in witness.seen] == [last, *(example.uid for example in EXAMPLES[:-1])]
    assert all(read == {uid} for uid, read in witness.seen)


def test_the_lost_are_not_touched() -> None:
    witness, lost = Witness(), {example.uid: "the worker died" for example in EXAMPLES[1:3]}
    rows = list(run(RECIPE, EXAMPLES, witness, {}, columns=CELL, seed=0, care=Care(begin=witness.begin, lost=lost)))
    others = list(run(RECIPE, EXAMPLES, BagOfNames(), {}, columns=CELL, seed=0))
    assert [row.uid for row in rows] == [example.uid for example in EXAMPLES]
    assert [rows[0], *rows[3:]] == [others[0], *others[3:]]
    for row in rows[1:3]:
        assert row.verdict == Verdict.ERROR
        assert row.error == "the process has died each time it came to this example, last with: the worker died"
        assert (row.prediction, row.queries, row.forwards) == (None, 0, 0)
    assert not {uid for uid, _ in witness.seen} & set(lost)


def test_all_may_be_lost() -> None:
    care = Care(begin=lambda uid: None, lost={example.uid: "the worker died" for example in EXAMPLES})
    rows = list(run(RECIPE, EXAMPLES, BagOfNames(), {}, columns=CELL, seed=0, care=care))
    assert {row.verdict for row in rows} == {Verdict.ERROR}
