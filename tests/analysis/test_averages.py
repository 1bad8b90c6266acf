"""Every average is the quotient of its terms, and lies in its interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.averages import AVERAGES, averages, columns
from analysis.load import load
from analysis.quotients import Quotients
from robust_ray.core.examples import generator


@pytest.fixture(scope="module")
def cell(store: Path) -> pd.DataFrame:
    """Attacks of one kind on the teacher, looked at by a language model that is not always there."""
    attacks = load(str(store)).attacks
    rows = attacks[(attacks["compression"] == "none") & (attacks["attack"] == "alert")]
    dice = generator("test", "averages")
    looked = dice.random(len(rows)) < 0.8
    looks = {name: np.where(looked, dice.random(len(rows)), np.nan) for name in ("acs", "similarity")}
    return rows.assign(**looks, perplexity_ratio=1 + looks["acs"], uid=rows["uid"].astype("str"))


@pytest.mark.parametrize("name", AVERAGES)
def test_a_number_is_the_quotient_of_its_terms_and_in_its_interval(cell: pd.DataFrame, name: str) -> None:
    value, terms = AVERAGES[name].value(cell), AVERAGES[name].terms(cell)
    assert value == pytest.approx(terms.numerators.sum() / terms.denominators.sum())
    row = averages(cell, [name])
    assert row[name] == value
    low, middle, high = np.array([row[f"{name}_low"], value, row[f"{name}_high"]], dtype=np.float64)
    assert low <= middle * (1 + 1e-12)
    assert middle <= high * (1 + 1e-12)


@pytest.mark.parametrize("name", AVERAGES)
def test_of_no_row_there_is_no_number(cell: pd.DataFrame, name: str) -> None:
    assert set(averages(cell[:0], [name]).values()) == {None}


def test_what_was_not_measured_of_some_has_no_rate(cell: pd.DataFrame) -> None:
    """An older row that does not tell how many tokens were changed would make the rate too small."""
    row = averages(cell.assign(tokens_changed=np.nan), ["tcr", "tcr_of_successes", "icr"])
    assert row["tcr"] is row["tcr_low"] is row["tcr_of_successes"] is None
    assert row["icr"] is not None


def test_every_number_is_explained() -> None:
    assert [column.name for column in columns(*AVERAGES) if column.help] == list(AVERAGES)


def test_two_quotients_on_the_same_examples_are_apart_by_what_differs() -> None:
    """Twice as many queries on every example: the difference is the first's mean, whichever examples are drawn."""
    dice = generator("test", "quotients")
    spent = dice.integers(10, 1000, size=200).astype(np.float64)
    group, example = np.repeat([0, 1], 200), np.tile(np.arange(200), 2)
    sums = Quotients.summed(group, 2, example, np.concatenate([spent, 2 * spent]), None)
    assert sums.values == pytest.approx([spent.mean(), 2 * spent.mean()])
    (low, high) = sums.difference_intervals(np.array([0]), np.array([1]))[0]
    error = spent.std() / np.sqrt(200)
    assert (low, high) == pytest.approx((spent.mean() - 1.96 * error, spent.mean() + 1.96 * error), abs=0.3 * error)
