"""ALERT's procedure, worked out by hand."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.attacks.substitutes.natural_names import combinations, occurrences, offers, window_around
from robust_ray.core.language_model import Look
from robust_ray.source.identifiers import analyse
from tests.attacks.language_models import ScriptedModel

PROGRAM = """\
def f(a, max_b):
    # a comment about a
    return g("a  b", a) + max_b
"""


def looks(model: ScriptedModel, name: str, program: str = PROGRAM) -> list[Look]:
    return occurrences(analyse(program, "python"), model)[name]


def test_a_program_is_read_token_by_token_without_comments() -> None:
    model = ScriptedModel()
    assert [model.text(look) for look in looks(model, "a")] == [
        'def f ( [a] , max _b ) : return g ( " a b " , a ) + max _b',
        'def f ( a , max _b ) : return g ( " a b " , [a] ) + max _b',
    ]
    assert [model.text(look) for look in looks(model, "max_b")] == [
        'def f ( a , [max] [_b] ) : return g ( " a b " , a ) + max _b',
        'def f ( a , max _b ) : return g ( " a b " , a ) + [max] [_b]',
    ]


def test_one_sub_token_is_replaced_by_the_half_that_is_most_alike() -> None:
    model = ScriptedModel({"a": ["p", "q", "r", "s", "t", "u"]}, {"p": 0.1, "q": 0.9, "r": 0.5, "s": 0.9, "t": -1.0})
    ((*found,),) = offers(looks(model, "a")[:1], model, 6)
    assert [name for name, _ in found] == ["u", "q", "s"]
    assert [score for _, score in found] == pytest.approx([1.0, 0.9, 0.9])


def test_the_jth_predictions_of_all_places_are_tried_together() -> None:
    model = ScriptedModel({"max": ["min", "top"], "_b": ["_c", "_d"]})
    (look, _) = looks(model, "max_b")
    offers([look], model, 2)
    assert [model.text(asked) for asked in model.embedded] == [
        'def f ( a , [max] [_b] ) : return g ( " a b " , a ) + max _b',
        'def f ( a , [min] [_c] ) : return g ( " a b " , a ) + max _b',
        'def f ( a , [top] [_d] ) : return g ( " a b " , a ) + max _b',
    ]


def test_several_sub_tokens_are_combined_from_the_best_in_each_place() -> None:
    model = ScriptedModel(
        {"max": ["min", "top", "low", "few"], "_b": ["_c", "_d", "_e", "_f"]},
        {"min": 0.2, "_c": 0.4, "top": 0.9, "_d": 0.7, "low": 0.0, "_e": 0.0, "few": 0.5, "_f": 0.7},
    )
    (found,) = offers(looks(model, "max_b")[:1], model, 4)
    assert [name for name, _ in found] == ["top_d", "top_f", "few_d", "few_f"], "the means .8 and .6 are kept of four"
    assert [score for _, score in found] == pytest.approx([0.8, 0.8, 0.6, 0.6])


def test_at_most_four_choices_twelve_places_and_twenty_four_combinations() -> None:
    def count(length: int, predictions: int) -> int:
        guess = np.arange(length * predictions).reshape(length, predictions)
        found = list(combinations(guess, np.linspace(1, 0, predictions)[:, None].repeat(length, axis=1)))
        assert {len(ids) for ids, _ in found} == {min(length, 12)}
        return len(found)

    assert count(1, 60) == 30
    assert count(2, 60) == 16
    assert count(2, 6) == 9
    assert count(3, 60) == count(12, 60) == count(20, 60) == 24


def test_combinations_come_in_the_published_order() -> None:
    guess = np.array([[10, 11, 12, 13, 14, 15, 16, 17], [20, 21, 22, 23, 24, 25, 26, 27], range(30, 38)])
    similarity = np.array([0.1, 0.9, 0.3, 0.8, 0.2, 0.7, 0.0, 0.6])[:, None].repeat(3, axis=1)
    found = [ids for ids, _ in combinations(guess, similarity)]
    best = (1, 3, 5, 7)
    wanted = itertools.product(*([10 * place + j for j in best] for place in (1, 2, 3)))
    assert found == list(itertools.islice(wanted, 24))


def test_ties_are_kept_in_the_order_of_likelihood() -> None:
    found = list(combinations(np.array([[5, 6, 7, 8]]), np.full((4, 1), 0.5)))
    assert found == [((5,), 0.5), ((6,), 0.5)]


def test_an_occurrence_past_the_first_window_is_seen_in_one_around_it() -> None:
    model = ScriptedModel(window=6)
    assert [model.text(look) for look in looks(model, "a")] == ["def f ( [a] , max", '" , [a] ) + max']
    assert [model.text(look) for look in looks(model, "max_b")] == ["a , [max] [_b] ) :", ", a ) + [max] [_b]"]


def test_a_name_no_window_can_hold_has_no_occurrence() -> None:
    model = ScriptedModel(window=1)
    assert looks(model, "max_b") == []
    assert [model.text(look) for look in looks(model, "a")] == ["[a]", "[a]"]


@given(st.integers(1, 30), st.integers(0, 60), st.integers(1, 8), st.integers(0, 60))
def test_a_window_holds_its_place_and_is_as_full_as_can_be(window: int, before: int, length: int, after: int) -> None:
    length = min(length, window)
    ids = tuple(range(before + length + after))
    look = window_around(ids, range(before, before + length), window)
    assert len(look.ids) == min(window, len(ids))
    assert [look.ids[position] for position in look.positions] == list(range(before, before + length))
    start = look.ids[0]
    assert look.ids == ids[start : start + window]
    assert start == 0 or before + length > window


@pytest.mark.parametrize(
    ("path", "column", "language"),
    [("devign/test.jsonl", "func", "c"), ("bigclonebench/data.jsonl", "func", "java")],
)
def test_every_occurrence_in_real_code_is_seen(shared_data: Path, path: str, column: str, language: str) -> None:
    lines = (shared_data / path).read_text().splitlines()[:60]
    for line in lines:
        model = ScriptedModel(window=510)
        source = analyse(json.loads(line)[column], language)
        for name, found in occurrences(source, model).items():
            assert len(found) == len(source.spans[name])
            (ids,) = model.encode([name])
            assert all(tuple(look.ids[position] for position in look.positions) == ids for look in found)
