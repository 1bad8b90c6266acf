"""Intervals: published values, coverage of the obvious, and clusters drawn whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.core.arrays import FloatArray
from robust_ray.metrics import bootstrap_interval, mean_interval, wilson_interval


def mean(values: FloatArray) -> float:
    return float(np.mean(values))


def test_wilson_matches_newcombe_1998() -> None:
    # Newcombe, Statistics in Medicine 1998, table I, method 3.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_the_share_and_stays_within_bounds(counts: tuple[int, int]) -> None:
    interval = wilson_interval(*counts)
    assert interval is not None
    low, high = interval
    assert 0 <= low <= counts[0] / counts[1] + 1e-12
    assert counts[0] / counts[1] - 1e-12 <= high <= 1


def test_wilson_of_nothing() -> None:
    assert wilson_interval(0, 0) is None
    with pytest.raises(ValueError, match="successes <= n"):
        wilson_interval(3, 2)


def test_bootstrap_of_a_mean_is_near_the_normal_interval() -> None:
    values = np.random.default_rng(1).normal(size=400)
    interval = bootstrap_interval(values, mean, np.random.default_rng(2))
    half = 1.96 * values.std() / 20
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_bootstrap_depends_on_the_dice_alone() -> None:
    values = np.arange(20.0)
    first, second = (bootstrap_interval(values, mean, np.random.default_rng(3), resamples=50) for _ in range(2))
    assert first == second


def test_clusters_are_drawn_whole() -> None:
    values, clusters = np.repeat([0.0, 1.0], 50), np.repeat(["a", "b"], 50)
    shares = []

    def watch(drawn: FloatArray) -> float:
        shares.append(mean(drawn))
        return shares[-1]

    bootstrap_interval(values, watch, np.random.default_rng(4), clusters=clusters, resamples=100)
    assert set(shares) == {0.0, 0.5, 1.0}


def test_paired_columns_stay_together() -> None:
    values = np.column_stack([np.arange(30.0), np.arange(30.0) + 1])
    interval = bootstrap_interval(values, lambda v: mean(v[:, 1] - v[:, 0]), np.random.default_rng(5), resamples=20)
    assert interval == pytest.approx((1.0, 1.0))


def test_bootstrap_of_nothing() -> None:
    rng = np.random.default_rng(6)
    assert bootstrap_interval([], mean, rng) is None
    assert bootstrap_interval([1.0], lambda _: None, rng, resamples=5) is None
    with pytest.raises(ValueError, match="needs a cluster"):
        bootstrap_interval([1.0, 2.0], mean, rng, clusters=["a"])


class TestMean:
    def test_is_the_bootstraps(self) -> None:
        # 60 clusters of one to five rows: as many as dice are thrown for.
        rng = np.random.default_rng(7)
        clusters = np.repeat(np.arange(60), rng.integers(1, 6, 60))
        values = rng.random(len(clusters)) < 0.3
        ours = mean_interval(values, rng, clusters=clusters, resamples=10_000)
        theirs = bootstrap_interval(values, mean, rng, clusters=clusters, resamples=10_000)
        assert ours == pytest.approx(theirs, abs=0.004)

    @pytest.mark.parametrize("share", [0.05, 0.5])
    def test_of_many_clusters_is_the_normal_limit(self, share: float) -> None:
        rng = np.random.default_rng(9)
        clusters = np.repeat(np.arange(3000), 3)
        values = rng.random(9000) < share * rng.uniform(0, 2, 3000).repeat(3)
        limit = mean_interval(values, rng, clusters=clusters)
        dice = bootstrap_interval(values, mean, rng, clusters=clusters, resamples=1000)
        assert limit is not None
        assert limit == pytest.approx(dice, abs=0.1 * (limit[1] - limit[0]))
        assert limit == mean_interval(values, rng, clusters=clusters)  # without dice

    def test_of_what_is_rare_is_never_below_zero(self) -> None:
        values = np.zeros(5000)
        values[:3] = 1
        interval = mean_interval(values, np.random.default_rng(10))
        assert interval is not None
        assert interval == pytest.approx((0, 7 / 5000), abs=1.01 / 5000)
        assert interval[0] == 0

    def test_of_what_never_differs_is_a_point(self) -> None:
        for n in (3, 5000):
            assert mean_interval(np.zeros(n), np.random.default_rng(11)) == (0, 0)

    def test_of_a_ratio_weighs_rows(self) -> None:
        dice = np.random.default_rng(12)
        assert mean_interval([1.0, 2.0, 3.0], dice, weights=[2.0, 4.0, 6.0]) == pytest.approx((0.5, 0.5))
        assert mean_interval([0.0, 0.0], dice, weights=[0.0, 0.0]) is None

    def test_of_nothing(self) -> None:
        assert mean_interval([], np.random.default_rng(13)) is None
        assert mean_interval([0.0, 1.0], np.random.default_rng(13), clusters=[0, 0]) is None
        with pytest.raises(ValueError, match="needs a cluster"):
            mean_interval([1.0, 2.0], np.random.default_rng(13), clusters=[0])
