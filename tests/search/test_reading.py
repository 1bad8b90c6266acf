"""From rows to numbers, with intervals, over one task or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from robust_ray import metrics
from robust_ray.core.records import Verdict
from robust_ray.search import METRICS, Objective, Pair, Reading, Rows, Search, measure
from tests.analysis import synthetic
from tests.search.spaces import search

RIGHT, FALLEN = Verdict.FAILED, Verdict.SUCCEEDED
NOTHING = Rows()


def rows(accuracy: float, verdicts: Sequence[tuple[str, int, Verdict]], **changes: Any) -> Rows:
    """One evaluation, and an attack row for each (attack, example, verdict)."""
    attacks = [synthetic.attack("none", recipe, index, verdict) for recipe, index, verdict in verdicts]
    return Rows([synthetic.evaluation("none", **({"accuracy": accuracy, "bytes": 1000} | changes))], attacks)


def shares(fallen: int, n: int = 40) -> list[tuple[str, int, Verdict]]:
    return [("mhm", i, FALLEN if i < fallen else RIGHT) for i in range(n)]


def read(search: Search, *pairs: Pair) -> Reading:
    return measure(search, pairs, 0.95)


def ends(found: Reading) -> tuple[float, float]:
    """Of the first value."""
    assert found.intervals[0] is not None
    return found.intervals[0]


def of(metric: str, student: Rows, teacher: Rows = NOTHING, **changes: Any) -> float:
    objective = Objective(metric=metric, direction="minimize", **changes)
    return read(search(objectives=[objective], constraints=[]), Pair(student, teacher)).values[0]


def test_values_come_in_order_and_constraints_are_feasible_at_most_zero() -> None:
    found = read(search(), Pair(rows(0.80, [("mhm", 0, RIGHT), ("mhm", 1, FALLEN)]), rows(0.90, [])))
    assert found.values == (0.5, 1000.0)
    assert found.constraints == {"clean_accuracy below_teacher 0.05": pytest.approx(0.05)}
    assert found.is_hopeless, "no further example changes the clean accuracy"


def test_robust_means_right_under_every_attack() -> None:
    both = rows(0.9, [(attack, i, RIGHT) for attack in synthetic.ATTACKS for i in range(4)])
    one_falls = both._replace(attacks=[dataclasses.replace(both.attacks[0], verdict=FALLEN), *both.attacks[1:]])
    assert of("robust_accuracy", both) == 1.0
    assert of("robust_accuracy", one_falls) == 0.75
    assert of("robust_accuracy", one_falls, attack="mhm") == 1.0
    assert of("attack_success_rate", one_falls, attack="alert") == 0.25


def test_what_was_not_measured_fails_the_proposal() -> None:
    with pytest.raises(ValueError, match="robust_accuracy could not be measured"):
        read(search(), Pair(rows(0.9, []), rows(0.9, [])))
    with pytest.raises(ValueError, match="energy could not be measured"):
        of("energy", rows(0.9, [], energy=None))


def test_the_drop_is_taken_on_the_examples_of_both() -> None:
    student, teacher = rows(0.9, shares(20)), rows(0.9, shares(4, n=20))
    assert of("robustness_drop", student, teacher) == pytest.approx(0.0 - 16 / 20)


def test_violations_of_relations_clean_and_under_attack() -> None:
    fidelity = [*synthetic.fidelity("none", None, 3, 10), *synthetic.fidelity("none", "student", 6, 10)]
    student = rows(0.9, [])._replace(fidelity=fidelity)
    assert of("violation", student, relation="prediction_agreement") == pytest.approx(0.3)
    assert of("violation_under_attack", student, relation="prediction_agreement") == pytest.approx(0.6)
    assert of("violation_under_attack", student, attack="alert") == pytest.approx(9 / 15)


def test_flips_are_the_share_of_variants_answered_otherwise() -> None:
    assert of("flips", rows(0.9, [], rewritten=50, flips=5)) == pytest.approx(0.1)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_is_none_or_a_number(name: str) -> None:
    fidelity = [*synthetic.fidelity("none", None, 3, 10), *synthetic.fidelity("none", "student", 6, 10)]
    student = rows(0.9, shares(3), bleu=0.2, corpus_bleu=0.2, rouge_l=0.2, chrf=0.2, exact_match=0.1, energy=1.0)
    student = student._replace(fidelity=fidelity)
    student = student._replace(
        evaluations=[dataclasses.replace(student.evaluations[0], rewritten=10, flips=1, peak_memory=10, mcc=0.5)]
    )
    assert of(name, student, student) >= 0
    metric = METRICS[name]
    empty = metric.number(*metric.sample(Rows(), Rows()).columns)
    assert empty is None


def test_intervals_are_of_what_attacked_examples_decide() -> None:
    found = read(search(), Pair(rows(0.9, shares(10)), rows(0.9, [])))
    assert found.values[0] == 0.75
    assert found.intervals == (metrics.wilson_interval(30, 40), None)
    assert not found.is_hopeless


def test_seeds_of_an_example_are_drawn_together() -> None:
    once = rows(0.9, shares(10))
    twice = once._replace(attacks=[*once.attacks, *(dataclasses.replace(row, seed=1) for row in once.attacks)])
    low, high = ends(read(search(), Pair(twice, once)))
    assert low < 0.75 < high
    low_once, high_once = ends(read(search(), Pair(once, once)))
    assert high - low == pytest.approx(high_once - low_once, abs=0.05), "more seeds are no more examples"


def test_other_numbers_of_attacks_have_intervals_too() -> None:
    objective = {"metric": "robustness_drop", "direction": "maximize"}
    found = read(search(objectives=[objective]), Pair(rows(0.9, shares(20)), rows(0.9, shares(10))))
    low, high = ends(found)
    assert low < found.values[0] == -0.25 < high


def test_over_several_tasks_the_mean_or_the_worst_counts_and_constraints_hold_on_each() -> None:
    easy = Pair(rows(0.95, shares(4), bytes=2000), rows(0.95, []))
    hard = Pair(rows(0.70, shares(20), bytes=1000), rows(0.80, []))
    mean, worst = (read(search(over_tasks=over), easy, hard) for over in ("mean", "worst"))
    assert mean.values == pytest.approx((0.7, 1500.0))
    assert worst.values == (0.5, 2000.0)
    assert mean.constraints == worst.constraints == {"clean_accuracy below_teacher 0.05": pytest.approx(0.05)}
    assert worst.intervals[0] == metrics.wilson_interval(20, 40)
