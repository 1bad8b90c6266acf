"""Against figures of statsmodels 0.15.0, scikit-posthocs 0.17.1 and lifelines 0.30.3; and what must always hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import statistics
from analysis.statistics import Magnitude

SCORES = np.array(
    [
        [0.91, 0.85, 0.80, 0.62],
        [0.88, 0.86, 0.79, 0.70],
        [0.93, 0.90, 0.88, 0.71],
        [0.79, 0.80, 0.75, 0.66],
        [0.85, 0.81, 0.82, 0.60],
        [0.90, 0.84, 0.84, 0.75],
    ]
)
QUERIES = np.array([3, 5, 5, 8, 10, 12, 12, 15, 20, 20])
SUCCEEDED = np.array([1, 1, 0, 1, 0, 1, 1, 0, 0, 0], dtype=bool)

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)
p_values = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=20)


class TestPairs:
    def test_mcnemar_is_statsmodels(self) -> None:
        first = [True] * 20 + [True] * 4 + [False] * 13 + [False] * 8
        second = [True] * 20 + [False] * 4 + [True] * 13 + [False] * 8
        found = statistics.mcnemar(first, second)
        assert found[:3] == (45, 4, 13)
        assert found.difference == pytest.approx(9 / 45)
        assert found.p_value == pytest.approx(0.049041748046875, rel=1e-12)

    def test_victims_that_never_differ(self) -> None:
        assert statistics.mcnemar([True, False], [True, False]) == (2, 0, 0, 0.0, 1.0)
        assert statistics.wilcoxon([1.0, 2.0], [1.0, 2.0]) == (2, 0.0, 0.0, 1.0)

    def test_no_pair_has_no_p_value(self) -> None:
        assert statistics.mcnemar([], []) == (0, 0, 0, None, None)
        assert statistics.wilcoxon([math.nan], [1.0]) == (0, None, None, None)

    def test_what_is_not_paired_is_refused(self) -> None:
        with pytest.raises(ValueError, match="for every example, but got"):
            statistics.mcnemar([True], [True, False])
        with pytest.raises(ValueError, match="for every example, but got"):
            statistics.wilcoxon([1.0], [1.0, 2.0])

    def test_wilcoxon_leaves_out_what_was_not_measured(self) -> None:
        whole = statistics.wilcoxon([1.0, 2.0, 3.0, 5.0], [2.0, 4.0, 7.0, 4.5])
        assert statistics.wilcoxon([1.0, 2.0, math.nan, 3.0, 5.0], [2.0, 4.0, 1.0, 7.0, 4.5]) == whole
        assert whole.p_value == pytest.approx(0.25)  # of 16 equally likely signs, those of 4 rank sums are as far out
        assert whole.effect == pytest.approx((2 + 3 + 4 - 1) / 10)

    @given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
    def test_mcnemar_takes_no_side(self, pairs: list[tuple[bool, bool]]) -> None:
        first, second = zip(*pairs, strict=True)
        one, other = statistics.mcnemar(first, second), statistics.mcnemar(second, first)
        assert one.p_value == other.p_value
        assert one.difference == pytest.approx(-(other.difference or 0.0))


class TestEffects:
    def test_a_hand_counted_case(self) -> None:
        assert statistics.a12([1, 3], [2, 3]) == pytest.approx((0 + 0 + 1 + 0.5) / 4)
        assert statistics.cliffs_delta([1, 3], [2, 3]) == pytest.approx((1 - 2) / 4)

    def test_no_value_no_effect(self) -> None:
        assert statistics.a12([math.nan], [1.0]) is None
        assert statistics.cliffs_delta([], [1.0]) is None
        assert statistics.rank_biserial([]) is None

    @given(numbers, numbers)
    def test_sides_change_places(self, first: list[float], second: list[float]) -> None:
        one, other = statistics.a12(first, second), statistics.a12(second, first)
        assert one is not None
        assert other is not None
        assert 0 <= one <= 1
        assert one + other == pytest.approx(1)

    @pytest.mark.parametrize(
        ("delta", "word"),
        [
            (0.146, Magnitude.NEGLIGIBLE),
            (-0.147, Magnitude.SMALL),
            (0.33, Magnitude.MEDIUM),
            (-0.474, Magnitude.LARGE),
            (1.0, Magnitude.LARGE),
        ],
    )
    def test_words(self, delta: float, word: Magnitude) -> None:
        assert statistics.magnitude(delta) is word

    def test_odds(self) -> None:
        assert statistics.odds_ratio(4, 13) == 3.25
        assert statistics.odds_ratio(0, 2) == math.inf
        assert statistics.odds_ratio(0, 0) is None


class TestFamilies:
    def test_holm_is_statsmodels(self) -> None:
        found = statistics.holm([0.01, 0.04, 0.03, 0.005, 0.2])
        assert found.tolist() == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2])

    @given(p_values)
    def test_adjusted_values_are_larger_and_keep_their_order(self, raw: list[float]) -> None:
        found, before = statistics.holm(raw), np.array(raw, dtype=float)
        known = ~np.isnan(before)
        assert np.array_equal(np.isnan(found), ~known)
        assert np.all(found[known] >= before[known])
        assert np.all(found[known] <= 1)
        assert np.all(np.diff(found[known][np.argsort(before[known], kind="stable")]) >= 0)

    def test_what_was_not_tested_is_not_counted(self) -> None:
        assert statistics.holm([0.02, math.nan, 0.5])[[0, 2]].tolist() == [0.04, 0.5]


class TestRanks:
    def test_friedman_and_nemenyi_are_scikit_posthocs(self) -> None:
        found = statistics.friedman(SCORES)
        assert found.statistic == pytest.approx(15.610169491525433)
        assert found.p_value == pytest.approx(0.0013629399171535856)
        assert found.mean_ranks.tolist() == pytest.approx([7 / 6, 25 / 12, 2.75, 4.0])
        apart = statistics.nemenyi(found.mean_ranks, found.conditions)
        assert apart[0].tolist() == pytest.approx([1.0, 0.607808708, 0.145353388, 0.000829073518], rel=1e-6)
        assert np.array_equal(apart, apart.T)

    def test_critical_difference_is_where_nemenyi_turns(self) -> None:
        distance = statistics.critical_difference(4, 6)
        assert distance == pytest.approx(2.569 * math.sqrt(4 * 5 / (6 * 6)), rel=1e-3)  # Demšar 2006, table 5
        at = statistics.nemenyi([1.0, 1.0 + distance, 2.0, 3.0], 6)[0, 1]
        assert at == pytest.approx(0.05, abs=1e-6)

    def test_pairwise_wilcoxon_is_scikit_posthocs(self) -> None:
        found = statistics.pairwise_wilcoxon(SCORES)
        assert found[np.triu_indices(4, 1)].tolist() == pytest.approx([0.1875] * 6)

    def test_conditions_that_lack_a_score_are_left_out(self) -> None:
        lacking = np.vstack([SCORES, [0.9, math.nan, 0.8, 0.7]])
        assert statistics.friedman(lacking).p_value == statistics.friedman(SCORES).p_value

    def test_smaller_may_be_better(self) -> None:
        assert statistics.friedman(-SCORES, larger_is_better=False).mean_ranks.tolist() == pytest.approx(
            statistics.friedman(SCORES).mean_ranks.tolist()
        )

    @pytest.mark.parametrize("scores", [np.ones((5, 2)), np.ones((1, 3)), np.empty((0, 3))])
    def test_too_little_to_test(self, scores: np.ndarray) -> None:
        assert statistics.friedman(scores)[2:] == (None, None)

    def test_students_that_are_all_alike(self) -> None:
        assert statistics.friedman(np.ones((5, 3)))[2:] == (0.0, 1.0)

    def test_cliques_overlap_and_never_lie_within_each_other(self) -> None:
        apart = np.ones((4, 4))
        for a, b in [(0, 2), (0, 3), (1, 3)]:
            apart[a, b] = apart[b, a] = 0.01
        assert statistics.cliques([1.0, 2.0, 3.0, 4.0], apart) == [(0, 1), (1, 2), (2, 3)]
        assert statistics.cliques([1.0, 2.0, 3.0, 4.0], np.ones((4, 4))) == [(0, 1, 2, 3)]
        assert statistics.cliques([1.0, 2.0], np.full((2, 2), 0.01)) == []


class TestSurvival:
    def test_the_curve_is_lifelines(self) -> None:
        found = statistics.kaplan_meier(QUERIES, SUCCEEDED)
        assert found is not None
        assert found.queries.tolist() == [3, 5, 8, 10, 12, 15, 20]
        shares = [0.9, 0.8, 0.685714, 0.685714, 0.411429, 0.411429, 0.411429]
        assert found.standing.tolist() == pytest.approx(shares, abs=1e-6)
        assert found.low.tolist()[:3] == pytest.approx([0.473009, 0.408691, 0.304585], abs=1e-6)
        assert found.high.tolist()[4:5] == pytest.approx([0.707313], abs=1e-6)
        assert found.median == 12.0

    def test_no_success_is_a_flat_line_without_a_median(self) -> None:
        found = statistics.kaplan_meier([5, 9], [False, False])
        assert found is not None
        assert found.standing.tolist() == [1.0, 1.0]
        assert found.median is None
        assert statistics.kaplan_meier([], []) is None

    def test_logrank_is_lifelines(self) -> None:
        other = np.array([1, 2, 2, 4, 6, 9, 11, 20, 20, 20])
        fell = np.array([1, 1, 1, 1, 1, 0, 1, 0, 0, 0], dtype=bool)
        assert statistics.logrank(QUERIES, SUCCEEDED, other, fell) == pytest.approx(0.4443878801786314)
        assert statistics.logrank([5], [False], [9], [False]) is None
        assert statistics.logrank([], [], [9], [True]) is None

    def test_an_outcome_for_every_number(self) -> None:
        with pytest.raises(ValueError, match="an outcome is needed"):
            statistics.kaplan_meier([1, 2], [True])
