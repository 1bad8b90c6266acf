"""Beam search against all texts there are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError
from robust_ray.models.writing import Generation
from robust_ray.models.writing.beams import BeamSearch, Candidate

END = 0
VOCABULARY = 3


def table(seed: int, length: int) -> dict[tuple[int, ...], FloatArray]:
    """Log-probabilities of every token behind every beginning."""
    rng = np.random.default_rng(seed)
    return {beginning: np.log(rng.dirichlet(np.ones(VOCABULARY))) for n in range(length) for beginning in texts(n)}


def texts(length: int) -> Iterator[tuple[int, ...]]:
    """All of so many tokens, without an end."""
    return itertools.product((1, 2), repeat=length)


def found(logs: dict[tuple[int, ...], FloatArray], generation: Generation) -> list[int]:
    """What the search makes of such a table."""
    search = BeamSearch(generation, END)
    followed: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    while followed:
        candidates = sorted(
            (
                Candidate(total + float(log), beam, token)
                for beam, (total, beginning) in enumerate(followed)
                for token, log in enumerate(logs[beginning])
            ),
            key=lambda candidate: -candidate.total,
        )
        chosen = search.advance(candidates[: 2 * generation.beams])
        followed = [(each.total, (*followed[each.beam][1], each.token)) for each in chosen]
    return search.best


def best(logs: dict[tuple[int, ...], FloatArray], length: int) -> list[int]:
    """The likeliest of all texts that end, or are cut."""
    scores: dict[tuple[int, ...], float] = {}
    for n in range(length + 1):
        for tokens in texts(n):
            total = math.fsum(float(logs[tokens[:i]][token]) for i, token in enumerate(tokens))
            scores[tokens] = total if n == length else total + float(logs[tokens][END])
    likeliest = max(scores, key=scores.__getitem__)
    return list(likeliest)


@given(st.integers(0, 10_000), st.integers(2, 4))
def test_with_enough_beams_nothing_is_missed(seed: int, length: int) -> None:
    logs = table(seed, length)
    assert found(logs, Generation(beams=2**length, max_new_tokens=length)) == best(logs, length)


@given(st.integers(0, 10_000))
def test_one_beam_is_greedy(seed: int) -> None:
    logs = table(seed, 5)
    tokens: list[int] = []
    while len(tokens) < 5 and (token := int(logs[tuple(tokens)].argmax())) != END:
        tokens.append(token)
    assert found(logs, Generation(beams=1, max_new_tokens=5)) == tokens


def test_a_length_penalty_favours_longer_texts() -> None:
    # "1" ends at once with log 0.5; "1 1 1" costs log 0.4 in all
    logs = {
        (): np.log([0.5, 0.4, 0.1]),
        (1,): np.log([0.01, 0.98, 0.01]),
        (1, 1): np.log([0.98, 0.01, 0.01]),
        (2,): np.log([0.01, 0.98, 0.01]),
        (2, 1): np.log([0.98, 0.01, 0.01]),
        (1, 2): np.log([0.98, 0.01, 0.01]),
        (2, 2): np.log([0.98, 0.01, 0.01]),
    }
    assert found(logs, Generation(beams=2, max_new_tokens=3)) == []
    assert found(logs, Generation(beams=2, max_new_tokens=3, length_penalty=1.0)) == [1, 1]


@pytest.mark.parametrize("fields", [{"beams": 0}, {"max_new_tokens": 1}])
def test_impossible_settings_are_refused(fields: dict[str, Any]) -> None:
    (name,) = fields
    with pytest.raises(SweepError, match=f"`{name} >= .` must hold, but got {fields[name]}"):
        Generation(**fields)
