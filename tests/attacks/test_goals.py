from __future__ import annotations

import numpy as np
import pytest

from robust_ray.attacks import GOALS, BleuBelow, Goal, Targeted, Untargeted
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError

PROBABILITIES = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
BLEU = np.array([[0.6], [0.1], [0.0]])


def test_untargeted_wants_any_other_class() -> None:
    np.testing.assert_allclose(Untargeted().score(PROBABILITIES, 0), [0.4, 0.8, 0.9])
    assert Untargeted().achieved(PROBABILITIES, 0).tolist() == [False, True, True]
    assert Untargeted().applies(PROBABILITIES, 0).tolist() == [True, False, False]


def test_targeted_wants_one_class() -> None:
    np.testing.assert_allclose(Targeted(label=2).score(PROBABILITIES, 0), [0.1, 0.3, 0.7])
    assert Targeted(label=2).achieved(PROBABILITIES, 0).tolist() == [False, False, True]
    assert Targeted(label=2).applies(PROBABILITIES, 0).tolist() == [True, False, False]


def test_bleu_below_wants_the_summary_gone() -> None:
    np.testing.assert_allclose(BleuBelow().score(BLEU, 0), [0.4, 0.9, 1.0])
    assert BleuBelow().achieved(BLEU, 0).tolist() == [False, False, True]
    assert BleuBelow(threshold=0.2).achieved(BLEU, 0).tolist() == [False, True, True]
    assert BleuBelow().applies(BLEU, 0).tolist() == [True, True, False]


def test_untargeted_wants_a_summary_gone() -> None:
    assert Untargeted().achieved(BLEU, 0).tolist() == BleuBelow().achieved(BLEU, 0).tolist()
    assert Untargeted().applies(BLEU, 0).tolist() == BleuBelow().applies(BLEU, 0).tolist()
    Untargeted().require(1)


@pytest.mark.parametrize(
    ("goal", "n_labels", "message"),
    [
        (Targeted(label=0), 1, "the victim must know classes, but it writes texts; use untargeted"),
        (Targeted(label=2), 2, "`label < 2` must hold for this victim, but got 2; name one of its classes"),
        (BleuBelow(), 2, "the victim must write summaries, but got one with 2 classes; use untargeted"),
    ],
)
def test_a_goal_refuses_a_victim_it_makes_no_sense_for(goal: Goal, n_labels: int, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        goal.require(n_labels)
    goal.require({1: 2, 2: 1}[n_labels] if not isinstance(goal, Targeted) else 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"type": "targeted", "label": -1}, "`label >= 0` must hold, but got -1"),
        ({"type": "bleu_below", "threshold": 1.0}, "`0 <= threshold < 1` must hold, but got 1.0"),
    ],
)
def test_bad_settings_are_refused(data: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(Goal, data, "goal")


def test_goals_are_chosen_by_type() -> None:
    assert set(GOALS) == {"bleu_below", "targeted", "untargeted"}
