"""The four relations: the laws all of them obey, then what each one claims."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robust_ray.core.arrays import FloatArray
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.fidelity import (
    RELATIONS,
    CalibrationAlignment,
    HighConfidencePreservation,
    PredictionAgreement,
    ProbabilitySimilarity,
    Relation,
)

probabilities = arrays(np.float64, (2, 5, 3), elements=st.floats(0.01, 1)).map(lambda w: w / w.sum(-1, keepdims=True))
TEACHER = np.array([[0.95, 0.05], [0.95, 0.05], [0.95, 0.05], [0.60, 0.40]])
STUDENT = np.array([[0.91, 0.09], [0.70, 0.30], [0.05, 0.95], [0.10, 0.90]])


@pytest.mark.parametrize("name", sorted(RELATIONS))
@given(both=probabilities)
def test_a_perfect_student_violates_nothing(name: str, both: FloatArray) -> None:
    relation: Relation = RELATIONS[name]()
    comparison = relation.compare(both[0], both[0])
    assert comparison.holds[comparison.applies].all()


@pytest.mark.parametrize("name", sorted(RELATIONS))
@given(both=probabilities, order=st.permutations(range(5)))
def test_rows_are_compared_one_by_one(name: str, both: FloatArray, order: list[int]) -> None:
    relation: Relation = RELATIONS[name]()
    comparison = relation.compare(both[0], both[1])
    shuffled = relation.compare(both[0][order], both[1][order])
    for before, after in zip(comparison, shuffled, strict=True):
        assert before.shape == (5,)
        np.testing.assert_array_equal(before[order], after)


@pytest.mark.parametrize("name", ["probability_similarity", "calibration_alignment"])
@given(both=probabilities)
def test_a_looser_threshold_never_adds_a_violation(name: str, both: FloatArray) -> None:
    strict, loose = (build(Relation, {"type": name, "threshold": t}, "r").compare(*both) for t in (0.05, 0.2))
    assert not (strict.holds & ~loose.holds).any()


def test_prediction_agreement() -> None:
    comparison = PredictionAgreement().compare(TEACHER, STUDENT)
    assert comparison.holds.tolist() == [True, True, False, False]
    assert comparison.distance.tolist() == [0.0, 0.0, 1.0, 1.0]


def test_probability_similarity_holds_the_divergence_against_the_threshold() -> None:
    kl = 0.95 * np.log(0.95 / 0.70) + 0.05 * np.log(0.05 / 0.30)
    for threshold, holds in ((kl - 1e-6, False), (kl + 1e-6, True)):
        comparison = ProbabilitySimilarity(divergence="kl", threshold=threshold).compare(TEACHER, STUDENT)
        assert comparison.distance[1] == pytest.approx(kl)
        assert comparison.holds[1] == holds
    assert ProbabilitySimilarity().compare(TEACHER, STUDENT).distance.max() <= np.log(2)


def test_high_confidence_preservation_is_silent_where_the_teacher_is_unsure() -> None:
    comparison = HighConfidencePreservation().compare(TEACHER, STUDENT)
    assert comparison.applies.tolist() == [True, True, True, False]
    assert comparison.holds[:3].tolist() == [True, False, False]
    np.testing.assert_allclose(comparison.distance[:3], [0.09, 0.30, 1.0])


def test_calibration_alignment_looks_at_confidence_and_not_at_the_class() -> None:
    comparison = CalibrationAlignment().compare(TEACHER, STUDENT)
    assert comparison.holds.tolist() == [True, False, True, False]
    np.testing.assert_allclose(comparison.distance, [0.04, 0.25, 0.0, 0.30], atol=1e-12)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "probability_similarity", "threshold": -1}, "`threshold >= 0` must hold, but got -1"),
        ({"type": "probability_similarity", "divergence": "l2"}, "one of 'kl', 'js' is expected"),
        ({"type": "high_confidence_preservation", "threshold": 1.0}, "`0 < threshold < 1` must hold"),
        ({"type": "calibration_alignment", "threshold": 1.0}, "`0 <= threshold < 1` must hold"),
    ],
)
def test_mistakes_are_named(spec: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(Relation, spec, "fidelity[0]")
