"""Which rows agree in some columns? Answered for all rows at once: there may be ten million."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from robust_ray.core.arrays import IntArray

_MOST = 2**62
"""Combinations that can be numbered without looking which of them occur."""


class Groups(NamedTuple):
    """Rows that agree, numbered in the order in which they first appear."""

    of_row: IntArray
    """``(n,)`` the group of each row."""

    first: IntArray
    """``(k,)`` the first row of each group."""

    @property
    def sizes(self) -> IntArray:
        """``(k,)`` rows in each group."""
        return np.bincount(self.of_row, minlength=len(self.first))

    def rows(self) -> list[IntArray]:
        """The rows of each group, in order."""
        order = np.argsort(self.of_row, kind="stable")
        return np.split(order, np.cumsum(self.sizes)[:-1]) if len(self.first) else []

    def last(self, order: IntArray | None = None) -> IntArray:
        """``(k,)`` the row of each group that comes last, of all rows or of some in the order given; -1 without any."""
        rows = np.arange(len(self.of_row)) if order is None else order
        found = np.full(len(self.first), -1)
        found[self.of_row[rows]] = rows
        return found


def grouped(frame: pd.DataFrame, columns: Sequence[str]) -> Groups:
    """The groups of rows with equal values in all of some columns; nulls are equal to one another."""
    of_row, known = pd.factorize(_numbers(frame, columns))
    first = np.empty(len(known), dtype=np.int64)
    first[of_row[::-1]] = np.arange(len(frame))[::-1]  # of several rows the one written last stays
    return Groups(of_row, first)


def repeats(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Whether any two rows agree; takes less time and memory than to find out which."""
    numbers = np.sort(_numbers(frame, columns))
    return bool(np.any(numbers[1:] == numbers[:-1]))


def counted(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """One row for each combination of values, in plain texts, with the number ``rows`` that have it."""
    groups = grouped(frame, columns)
    return plain(frame[list(columns)].iloc[groups.first]).assign(rows=groups.sizes).reset_index(drop=True)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """A short frame with its texts as texts, to be joined with others."""
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), "str"))


def matched(left: pd.DataFrame, right: pd.DataFrame, columns: Sequence[str]) -> IntArray:
    """``(n,)`` the last row on the right that agrees with each on the left in some columns; -1 where none does."""
    names = list(columns)
    if right.empty:
        return np.full(len(left), -1)
    both = pd.concat([left[names], right[names].astype(left[names].dtypes.to_dict())], ignore_index=True)
    wanted, known = np.split(_numbers(both, names), [len(left)])
    last = np.flatnonzero(~pd.Index(known).duplicated(keep="last"))
    place = pd.Index(known[last]).get_indexer(pd.Index(wanted))
    return np.where(place < 0, -1, last[place])


def taken(column: pd.Series[Any], rows: IntArray) -> Any:
    """The values of some rows; null where the row is -1."""
    return pd.api.extensions.take(column.array, rows, allow_fill=True)


def labelled(frame: pd.DataFrame, columns: Sequence[str], label: Callable[..., str | None]) -> pd.Series[Any]:
    """A column of words made of others; ``label`` is asked once for each combination of their values."""
    groups = grouped(frame, columns)
    distinct = frame[list(columns)].iloc[groups.first]
    words = pd.Series([label(*values) for values in distinct.itertuples(index=False)], dtype="str")
    column = pd.Series(pd.Categorical(words).take(groups.of_row), index=frame.index)
    return column if isinstance(frame[columns[0]].dtype, pd.CategoricalDtype) else column.astype("str")


def _numbers(frame: pd.DataFrame, columns: Sequence[str]) -> IntArray:
    """``(n,)`` a number for each combination of values; equal only for equal ones."""
    numbers, most = np.zeros(len(frame), dtype=np.int64), 1
    for name in columns:
        codes, distinct = _codes(frame[name])
        if most * (distinct + 1) > _MOST:
            numbers, known = pd.factorize(numbers)
            most = len(known)
        numbers *= distinct + 1
        numbers += codes
        numbers += 1  # null has the code -1
        most *= distinct + 1
    return numbers


def _codes(column: pd.Series[Any]) -> tuple[Any, int]:
    """``(n,)`` number of each row's value, -1 for null, and how many values there are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), len(column.cat.categories)
    codes, distinct = pd.factorize(column)
    return codes, len(distinct)
