"""What the report says of the data: the splits in order, with the share that guessing scores."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis import data
from analysis.load import load


@pytest.fixture
def datasets(store: Path) -> pd.DataFrame:
    return load(str(store)).datasets


def test_splits_stand_in_the_order_they_are_used_in(datasets: pd.DataFrame) -> None:
    backwards = datasets.sort_values("split")
    assert list(backwards["split"]) == ["test", "train", "valid"]
    assert list(data.splits(backwards)["split"]) == ["train", "valid", "test"]


def test_the_largest_class_is_a_share_and_unknown_where_there_are_no_classes(datasets: pd.DataFrame) -> None:
    assert list(data.splits(datasets)["largest_class"]) == pytest.approx([120 / 200] * 3)
    texts = datasets.assign(label_counts=pd.Series([()] * len(datasets), index=datasets.index, dtype=object))
    assert data.splits(texts)["largest_class"].isna().all()


def test_every_column_shown_is_there(datasets: pd.DataFrame) -> None:
    assert {column.name for column in data.SPLITS} <= set(data.splits(datasets).columns)


def test_each_task_has_its_own_table_and_warnings_name_it(datasets: pd.DataFrame) -> None:
    two = pd.concat([datasets, datasets.assign(task_name="clone_detection")])
    assert [(task, len(part)) for task, part in data.by_task(data.splits(two))] == [
        ("clone_detection", 3),
        ("defect_detection", 3),
    ]
    assert data.warnings(datasets.iloc[:0]) == []
    assert "defect_detection: test examples nearly the same as one of the training split: 4 of 200" in (
        data.warnings(datasets)
    )
