from __future__ import annotations

import pytest

from robust_ray.attacks import AttackRecipe, Beam, BeamAttack, CorpusVocabulary, SingleAttack, WorstCase, engine
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.source.contexts import Statement
from tests.contracts import AttackContract
from tests.fakes import CELL, BagOfNames, example


class TestBeamAttack(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return BeamAttack(candidates=6, substitutes=CorpusVocabulary())


class TestBeamAttackInPaperMode(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return BeamAttack(
            candidates=3, paper_mode=True, weights={"for": 2.0, "other": 1.0}, substitutes=CorpusVocabulary()
        )


def search(**fields: object) -> Beam:
    found = build(SingleAttack, {"type": "beam_attack", **fields}, "attacks[0]").build().search
    assert isinstance(found, Beam)
    return found


def test_weights_are_the_paper_s_for_a_task_or_one_s_own() -> None:
    assert max(search().weights.items(), key=lambda entry: entry[1]) == (Statement.IF, 21.07)
    assert search(weights="summarization").weights[Statement.METHOD] == 88.81
    assert search(weights={"if": 2, "other": 1.5}).weights == {Statement.IF: 2.0, Statement.OTHER: 1.5}


@pytest.mark.parametrize(
    ("segments", "n_labels", "beam_size", "method"),
    [(1, 2, 3, 19.81), (2, 2, 2, 17.9), (1, 1, 5, 88.81), (1, 66, 3, 19.81)],
)
def test_what_is_left_open_is_the_paper_s_for_the_task(
    segments: int, n_labels: int, beam_size: int, method: float
) -> None:
    found = BeamAttack().suited(segments, n_labels).build().search
    assert isinstance(found, Beam)
    assert (found.beam_size, found.weights[Statement.METHOD]) == (beam_size, method)
    given = BeamAttack(beam_size=4, weights="clone_detection")
    assert given.suited(segments, n_labels) == given


def test_it_is_run_as_suits_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def suited(self: BeamAttack, segments: int, n_labels: int) -> BeamAttack:
        asked.append((segments, n_labels))
        return self

    monkeypatch.setattr(BeamAttack, "suited", suited)
    pair = example("pair", "def f(a):\n    return a\n", "x = 1\n", language="python")
    names = CorpusVocabulary()
    recipe = WorstCase(attacks=(BeamAttack(substitutes=names),))
    list(engine.run(recipe, [pair], BagOfNames(), {names: []}, columns=CELL, seed=0))
    assert asked == [(2, 2)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"beam_size": 0}, r"attacks\[0\]: `beam_size >= 1` must hold, but got 0"),
        ({"candidates": 0}, "`candidates >= 1` must hold, but got 0"),
        ({"weights": {}}, "`weights` must name at least one kind of statement, but got none"),
        ({"weights": {"iff": 1.0}}, "`weights` must name kinds of statement, but got 'iff'; did you mean"),
        ({"weights": {"if": 0.0}}, "`weights.if > 0` must hold, but got 0.0"),
        ({"weights": "cloning"}, "one of 'clone_detection', 'defect_detection', 'summarization' is expected"),
    ],
)
def test_refuses_what_makes_no_attack(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(AttackRecipe, {"type": "beam_attack", **fields}, "attacks[0]")
