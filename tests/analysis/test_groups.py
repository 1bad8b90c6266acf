"""Which rows agree: against pandas' own, on columns of every kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import groups
from analysis.groups import counted, grouped, labelled, matched, repeats, taken

letters = st.sampled_from(["a", "b", "c", None])
rows = st.lists(st.tuples(letters, letters, st.integers(0, 2)), max_size=30)


def frame(found: list[tuple[str | None, str | None, int]]) -> pd.DataFrame:
    made = pd.DataFrame(found, columns=["word", "kind", "seed"])
    return made.astype({"word": "str", "kind": pd.CategoricalDtype(["c", "b", "a"]), "seed": int})


@given(rows)
@settings(deadline=None, max_examples=30)
def test_groups_are_those_of_pandas(found: list[tuple[str | None, str | None, int]]) -> None:
    made = frame(found)
    by = made.groupby(["word", "kind", "seed"], sort=False, dropna=False, observed=True)
    ours = grouped(made, ["word", "kind", "seed"])
    assert list(ours.sizes) == list(by.size())
    assert repeats(made, ["word", "kind", "seed"]) == made.duplicated().any()
    assert list(np.sort(ours.last())) == list(np.flatnonzero(~made.duplicated(keep="last")))
    assert [list(part) for part in ours.rows()] == [list(part.index) for _, part in by]


def test_more_combinations_than_numbers_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_MOST", 10)
    made = pd.DataFrame({name: np.arange(8) for name in "abc"})
    assert len(grouped(made, list("abc")).first) == 8
    assert len(grouped(made.assign(a=0, b=0, c=0), list("abc")).first) == 1


def test_a_match_is_the_last_row_that_agrees_whatever_the_categories() -> None:
    left = pd.DataFrame({"uid": pd.Categorical(["x", "y", "z"]), "seed": [0, 0, 1]})
    right = pd.DataFrame({"uid": pd.Categorical(["y", "w", "y"]), "seed": [0, 0, 0], "found": ["first", "no", "last"]})
    row = matched(left, right, ["uid", "seed"])
    assert list(row) == [-1, 2, -1]
    assert list(pd.Series(taken(right["found"], row)).dropna()) == ["last"]
    assert list(matched(left, right[:0], ["uid", "seed"])) == [-1, -1, -1]


def test_rows_are_counted_and_labelled_once_for_each_combination() -> None:
    made = frame([("a", "b", 0), ("a", "b", 1), ("b", None, 0)])
    asked = []

    def label(word: str, kind: str | None) -> str | None:
        asked.append((word, kind))
        return None if pd.isna(kind) else word + kind

    assert counted(made, ["word", "kind"])["rows"].tolist() == [2, 1]
    assert labelled(made, ["word", "kind"], label).fillna("–").tolist() == ["ab", "ab", "–"]
    assert len(asked) == 2
