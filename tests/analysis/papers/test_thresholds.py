"""Relations at other thresholds, against the relations themselves; and the curves of calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import fidelity
from analysis.load import load
from analysis.papers import calibration_curves, thresholds
from analysis.papers.thresholds import AGREEMENT, CALIBRATION, CONFIDENCE, SIMILARITY, USUAL
from robust_ray.fidelity import RELATIONS
from robust_ray.metrics import expected_calibration_error
from tests.analysis.synthetic import only


def measured(relation: str, n: int = 400, **fields: Any) -> pd.DataFrame:
    """Rows as the stage makes them, of random answers to ``n`` inputs."""
    rng = np.random.default_rng(7)
    teacher, student = (rng.dirichlet((0.5, 0.5), n) for _ in range(2))
    component = RELATIONS[relation](**fields)
    applies, holds, distance = component.compare(teacher, student)
    frame = pd.DataFrame(
        {
            "relation": relation,
            "relation_params": '{"divergence":"js"}',
            "uid": [str(i) for i in range(n)],
            "perturbed_for": None,
            "applies": applies,
            "holds": pd.Series(holds, dtype="object").where(applies, None),
            "distance": pd.Series(distance).where(applies),
            "teacher_prediction": teacher.argmax(axis=1),
            "student_prediction": student.argmax(axis=1),
            "teacher_confidence": teacher.max(axis=1),
            "student_confidence": student.max(axis=1),
        }
    )
    return frame.assign(**dict.fromkeys(set(thresholds.MEASUREMENT) - set(frame), "same"))


@pytest.mark.parametrize("relation", [SIMILARITY, CONFIDENCE, CALIBRATION])
@pytest.mark.parametrize("of", [0, 1, 2])
def test_a_threshold_read_again_is_the_threshold_measured(relation: str, of: int) -> None:
    wanted = USUAL[relation][of]
    there = measured(relation, threshold=wanted)
    again = thresholds.at(measured(relation, threshold=USUAL[relation][1]), relation, wanted)
    assert there["applies"].any()
    assert list(again["applies"]) == list(there["applies"])
    told = there["applies"].to_numpy()
    assert list(again.loc[told, "holds"]) == list(there.loc[told, "holds"])
    assert {True, False} == set(again.loc[told, "holds"]), "there is something to tell apart"


def test_each_comparison_is_read_once() -> None:
    twice = pd.concat([measured(CALIBRATION, threshold=0.1), measured(CALIBRATION, threshold=0.2)])
    assert len(thresholds.at(twice, CALIBRATION, 0.1)) == 400
    assert len(thresholds.at(twice, AGREEMENT)) == 0


def test_only_the_meant_divergence_is_read() -> None:
    other = measured(SIMILARITY, divergence="kl").assign(relation_params='{"divergence":"kl"}')
    both = pd.concat([other, measured(SIMILARITY)])
    meant = thresholds.at(both, SIMILARITY, 0.1)
    assert meant["relation_params"].unique().tolist() == ['{"divergence":"js"}']
    assert thresholds.at(other, SIMILARITY, 0.1).empty


def test_the_sweep_is_made_of_the_same_shares(store: Path) -> None:
    rows = load(str(store)).fidelity
    named = rows.assign(relation=rows["relation"].astype(str).replace("high_confidence", CONFIDENCE))
    table = thresholds.sweep(named)
    pruned = table[(table["compression"] == "magnitude_pruning") & (table["input_name"] == fidelity.CLEAN)]
    assert dict(zip(pruned["threshold"], pruned["violated"], strict=True)) == {0.8: 1.0, 0.9: 1.0, 0.95: 1.0}
    assert set(table["input_name"]) == {"clean", "perturbed by any attack, for teacher or student"}
    assert thresholds.draw(table).to_dict()
    assert thresholds.sweep(rows[:0]).empty


def test_a_calibration_curve_holds_the_calibration_error(store: Path) -> None:
    rows = load(str(store)).fidelity
    table = calibration_curves.curves(rows)
    pruned = table[(table["compression"] == "magnitude_pruning") & (table["input"] == fidelity.CLEAN)]
    student = only(pruned, victim="student")  # confidence .75, right on 24 of 30
    assert (student.n, student.confidence, student.accuracy) == (30, 0.75, 0.8)
    assert student.accuracy_low < 0.8 < student.accuracy_high
    assert abs(student.confidence - student.accuracy) == pytest.approx(
        expected_calibration_error([0.75] * 30, [True] * 24 + [False] * 6)
    )
    assert calibration_curves.draw(pruned).to_dict()
    assert calibration_curves.curves(rows[:0]).empty
