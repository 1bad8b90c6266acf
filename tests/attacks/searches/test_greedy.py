from __future__ import annotations

import numpy as np

from robust_ray.attacks import Candidate, Greedy
from robust_ray.attacks.searches.greedy import with_replacement
from tests.attacks.searching import converse, renames, space

RNG = np.random.default_rng(0)


def masking_b_hurts(candidate: Candidate) -> float:
    """Every masked occurrence of ``b`` gains 0.2, of ``a`` 0.1; ``b → y`` and then ``a → z`` are the best names."""
    if candidate.is_probe:
        return 0.3 if "a + b * b" not in candidate.text and "a" in candidate.text.split("return")[1] else 0.2
    return 0.1 + 0.3 * (candidate.renames.get("b") == "y") + 0.2 * (candidate.renames.get("a") == "z")


def test_first_batch_masks_each_occurrence_alone() -> None:
    probes, *_ = converse(Greedy(2).steps(space(), RNG), masking_b_hurts)
    assert all(probe.is_probe for probe in probes)
    assert [probe.text.count("<mask>") for probe in probes] == [1] * 5


def test_the_most_important_identifier_goes_first_and_the_best_name_is_kept() -> None:
    _, first, second = converse(Greedy(3).steps(space(), RNG), masking_b_hurts)
    assert renames(first) == [{"b": "x"}, {"b": "y"}, {"b": "z"}]
    assert renames(second) == [{"b": "y", "a": "x"}, {"b": "y", "a": "z"}], "a name in use is not offered again"


def test_a_name_that_does_not_help_is_not_kept() -> None:
    _, first, second = converse(Greedy(3).steps(space(score=0.9), RNG), masking_b_hurts)
    assert all(len(renamed) == 1 for renamed in renames(first) + renames(second))


def test_equally_important_identifiers_go_in_order_of_appearance() -> None:
    _, first, _ = converse(Greedy(1).steps(space(), RNG), lambda candidate: 0.1)
    assert renames(first) == [{"a": "x"}]


def test_tries_only_so_many_names() -> None:
    _, first, _ = converse(Greedy(2).steps(space(), RNG), masking_b_hurts)
    assert len(first) == 2


def test_draws_with_replacement() -> None:
    drawn = with_replacement(["x", "y"], 30, np.random.default_rng(0))
    assert len(drawn) == 30
    assert set(drawn) == {"x", "y"}


def test_an_identifier_without_a_usable_name_is_passed_over() -> None:
    batches = converse(Greedy(1).steps(space(names=["x"]), RNG), lambda candidate: 0.1 + len(candidate.renames))
    assert [renames(batch) for batch in batches[1:]] == [[{"a": "x"}]]
