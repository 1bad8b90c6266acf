"""A long table as a frame, made piece by piece: memory holds the frame, and little else at any time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
from pandas.api.types import union_categoricals

PIECE = 500_000
"""Rows that become columns together."""


def frame_of(tables: Iterable[pa.Table], schema: pa.Schema) -> pd.DataFrame:
    """The rows of some tables, one below the other; texts that are dictionaries become categories, in order.

    Args:
        tables: Those of the files; each is let go once it has been read.
        schema: What they have in common, so that no table at all is an empty frame.
    """
    pieces = [_narrow(piece) for piece in _pieces(tables, schema)]
    columns = {name: _joined([piece.pop(name) for piece in pieces]) for name in schema.names}
    return pd.DataFrame(columns, copy=False)


def _pieces(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    """The tables, as many together as make a piece; at least one."""
    held = [schema.empty_table()]
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= PIECE:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _narrow(piece: pa.Table) -> pd.DataFrame:
    """A piece as a frame, whole numbers in half the memory where all of a column fit."""
    whole_piece = piece.unify_dictionaries()
    frame: pd.DataFrame = whole_piece.to_pandas(split_blocks=True, use_threads=False)  # threads are slower
    whole = frame.select_dtypes("int64")
    narrow: pd.DataFrame = frame.astype({name: "int32" for name in whole if whole[name].abs().max() < 2**31})
    return narrow


def _joined(parts: list[pd.Series[Any]]) -> Any:
    """A column of which pieces may have other categories, or nulls where others have none."""
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        return union_categoricals(parts, sort_categories=True)
    return pd.concat(parts, ignore_index=True)
