"""Quality and cost of each student: what is said of its size."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.costs import COST, DENSE, costs
from analysis.tables import measured
from robust_ray.core.records import EvaluationRecord
from tests.analysis.synthetic import evaluation


def frame(*rows: EvaluationRecord) -> pd.DataFrame:
    """Evaluations as they are loaded."""
    records = [{name: getattr(row, name) for name in row.__dataclass_fields__} for row in rows]
    names = {"model_name": "tiny", "task_name": "defects"}
    return pd.DataFrame(records).assign(**names, compression_name=lambda rows: rows["compression"])


def note(**changes: Any) -> str:
    """What is said of a student that differs from its teacher in so much."""
    teacher = evaluation("none")
    kept = {name: getattr(teacher, name) for name in ("bytes", "nonzero_parameters", "loaded_bytes")}
    found = costs(frame(evaluation("magnitude_pruning", **kept | changes), teacher))
    return str(found.set_index("compression")["dense"]["magnitude_pruning"])


def test_a_network_that_only_has_more_zeros_is_not_called_smaller() -> None:
    assert note(nonzero_parameters=1) == DENSE
    assert note(nonzero_parameters=1, bytes=1) == DENSE


def test_nor_is_one_that_is_unpacked_when_it_is_loaded() -> None:
    assert note(bytes=1, loaded_bytes=4_100_000) == DENSE


@pytest.mark.parametrize("changes", [{}, {"bytes": 1, "nonzero_parameters": 1, "loaded_bytes": 1}])
def test_nothing_is_said_of_what_is_as_it_says(changes: dict[str, int]) -> None:
    assert note(**changes) == ""


def test_a_student_without_its_teacher_is_compared_with_nothing() -> None:
    assert costs(frame(evaluation("magnitude_pruning")))["dense"].tolist() == [""]


def test_what_was_not_measured_has_no_column() -> None:
    shown = [column.name for column in measured(costs(frame(evaluation("none"))), COST)]
    assert "flops" in shown
    assert not {"formula_flops", "energy", "dense"} & set(shown)
