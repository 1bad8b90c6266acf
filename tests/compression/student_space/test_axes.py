"""An axis: a grid of genes, and the values they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.compression.student_space import AVATAR, AVATAR_DOMAIN, COMPRESSOR, MORPH, Axis
from robust_ray.core.errors import SweepError

AXES = [
    axis
    for space in (COMPRESSOR.clones, AVATAR.clones, AVATAR.defects, AVATAR_DOMAIN.defects, MORPH.clones)
    for axis in space.axes
]
axes = st.sampled_from(AXES)


@given(axes, st.data())
def test_every_gene_stands_for_one_value_and_back(axis: Axis, data: st.DataObject) -> None:
    gene = axis.gene_at(data.draw(st.integers(0, axis.count - 1)))
    assert axis.low <= gene <= axis.high
    assert axis.gene(axis.value(gene)) == gene == axis.snap(gene)


@given(axes, st.floats(-1e6, 1e6))
def test_snaps_to_the_nearest_gene(axis: Axis, number: float) -> None:
    snapped = axis.snap(number)
    inside = min(max(number, axis.low), axis.high)
    assert axis.snap(snapped) == snapped
    assert abs(snapped - inside) <= axis.step / 2 + 1e-9


def test_tenths_stay_tenths() -> None:
    axis = Axis(field="hidden_dropout", low=0.2, high=0.5, step=0.1)
    assert axis.values == [0.2, 0.3, 0.4, 0.5]


def test_whole_numbers_are_whole_and_options_are_options() -> None:
    assert Axis(field="hidden", low=16, high=64, step=16).values == [16, 32, 48, 64]
    assert Axis(field="heads", low=2, high=4, options=(1, 2, 4, 8)).values == [2, 4, 8]


def test_samples_reach_every_value_about_equally() -> None:
    axis = Axis(field="hidden_dropout", low=0.2, high=0.5, step=0.1)
    rng = np.random.default_rng(0)
    _, counts = np.unique([axis.sample(rng) for _ in range(2000)], return_counts=True)
    assert len(counts) == 4
    assert counts.min() > 430


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"low": 1, "high": 0}, r"axis 'layers': whole steps must lead up from 1 to 0, but a step is 1"),
        ({"low": 0, "high": 5, "step": 2}, r"whole steps must lead up from 0 to 5, but a step is 2"),
        ({"low": 0, "high": 5, "step": 0}, r"whole steps must lead up from 0 to 5, but a step is 0"),
        ({"low": 0, "high": 2, "options": (1, 2)}, r"genes must count its 2 options from 1, but go from 0 to 2"),
    ],
)
def test_refuses_bounds_that_make_no_grid(fields: dict[str, float], sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        Axis(field="layers", **fields)  # type: ignore[arg-type]


def test_refuses_values_outside() -> None:
    with pytest.raises(SweepError, match=r"axis 'hidden': a value must be 16 to 64 in steps of 16, but got 40"):
        Axis(field="hidden", low=16, high=64, step=16).gene(40)
    with pytest.raises(SweepError, match=r"axis 'heads': a value must be one of 2, 4, but got 1"):
        Axis(field="heads", low=2, high=3, options=(1, 2, 4)).gene(1)
