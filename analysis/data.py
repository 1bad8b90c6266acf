"""What are the numbers measured on? The data sets of a study: sizes, balance, and what stands in them twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.tables import Column, count, percent, text

SPLITS = [
    Column("split", "split", text),
    Column("n", "examples", count),
    Column("dropped", "left out", count, "Rows of the data set that no example was made of."),
    Column("largest_class", "largest class", percent, "Share of the most frequent class: what guessing it scores."),
    Column("tokens_p50", "words", count, "Words, literals and signs of an example, median."),
    Column("tokens_p95", "p95", count, "The same, 95th percentile."),
    Column("repeated", "repeated", count, "Same as an earlier example of the split, layout and comments aside."),
    Column("nearly_repeated", "nearly", count, "Further ones that are nearly the same as an earlier one."),
    Column("in_train", "in train", count, "Same as an example of the training split."),
    Column("nearly_in_train", "nearly in train", count, "Further ones that are nearly the same as one of it."),
    Column("functions_in_train", "half in train", count, "Pairs with a program that is in the training split."),
    Column("in_valid", "in valid", count, "Same as an example of the validation split."),
    Column("nearly_in_valid", "nearly in valid", count, "Further ones that are nearly the same as one of it."),
    Column("conflicting", "two answers", count, "In the data with another label, too."),
]


def splits(datasets: pd.DataFrame) -> pd.DataFrame:
    """The splits of every task, in the order they are used in."""
    order = datasets["split"].map({"train": 0, "valid": 1, "test": 2}).rename("order")
    largest = [max(counts) / n if len(counts) else None for counts, n in _pairs(datasets, "label_counts", "n")]
    sized = datasets.assign(largest_class=pd.Series(largest, index=datasets.index, dtype="float64"), order=order)
    return sized.sort_values(["task_name", "order"], kind="stable").drop(columns="order")


def by_task(datasets: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each task, under its name."""
    for task, part in datasets.groupby("task_name", sort=False):
        yield str(task), part


def warnings(datasets: pd.DataFrame) -> list[str]:
    """What the surveys warn of."""
    return [f"{task}: {line}" for task, lines in _pairs(datasets, "task_name", "warnings") for line in lines]


def _pairs(frame: pd.DataFrame, one: str, other: str) -> Iterator[tuple[Any, Any]]:
    return zip(frame[one], frame[other], strict=True)
