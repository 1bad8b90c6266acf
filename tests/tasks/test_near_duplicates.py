"""Groups of programs that are nearly the same: the join finds what comparing all with all would find."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from robust_ray.tasks.near_duplicates import BAG_SIMILARITY, FEWEST_WORDS, SET_SIMILARITY, Bag, groups, is_comparable


def jaccard(one: Bag, other: Bag) -> float:
    return (one & other).total() / (one | other).total()


def closure(bags: list[Bag]) -> set[frozenset[int]]:
    """The groups, by comparing every two bags."""
    found = {i: frozenset({i}) for i in range(len(bags))}
    for i, j in combinations(range(len(bags)), 2):
        one, other = bags[i], bags[j]
        if not (is_comparable(one) and is_comparable(other)) or jaccard(one, other) < BAG_SIMILARITY:
            continue
        if jaccard(Counter(set(one)), Counter(set(other))) >= SET_SIMILARITY:
            merged = found[i] | found[j]
            found |= dict.fromkeys(merged, merged)
    return set(found.values())


def partition(numbers: list[int]) -> set[frozenset[int]]:
    return {frozenset(i for i, number in enumerate(numbers) if number == group) for group in numbers}


def bag(*words: str, rest: int = FEWEST_WORDS) -> Bag:
    """These words among many that all such bags share."""
    return Counter([*words, *(f"common{i}" for i in range(rest))])


families = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.integers(0, 5), max_size=4), st.integers(1, 3)), max_size=14
).map(
    lambda drawn: [
        Counter({f"f{family}w{i}": times if i < 3 else 1 for i in range(20)} | {f"extra{i}": 1 for i in extra})
        for family, extra, times in drawn
    ]
)


@given(families)
def test_nothing_is_missed_and_nothing_added(bags: list[Bag]) -> None:
    assert partition(groups(bags)) == closure(bags)


@given(st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9)).map(Counter), max_size=12))
def test_nor_where_all_share_few_words(bags: list[Bag]) -> None:
    assert partition(groups(bags)) == closure(bags)


def test_both_similarities_are_asked_for() -> None:
    plain, few_words_differ, counts_differ = bag("a"), bag("b"), bag(*["common0"] * 30)
    assert partition(groups([plain, few_words_differ, counts_differ])) == {frozenset({0, 1}), frozenset({2})}


def test_small_programs_are_left_alone() -> None:
    small = bag(rest=FEWEST_WORDS - 1)
    assert len(set(groups([small, small, bag(), bag()]))) == 3


def test_a_chain_is_one_group() -> None:
    chain = [Counter(f"w{i}" for i in range(start, start + 40)) for start in range(0, 20, 2)]
    assert len(set(groups(chain))) == 1


def test_no_bags() -> None:
    assert groups([]) == []
