"""Hill climbing over inserted statements: one more, or one less.

Source: Zhang et al., "Towards Robustness of Deep Program Processing Models - Detection, Estimation, and Enhancement",
TOSEM 2022, https://doi.org/10.1145/3511887 (S-CARROT and its baseline S-RW).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robust_ray.attacks.base import Candidate, Search, Space, Steps
from robust_ray.source.edits import Edit

PATIENCE_OF_WALK = 10
"""Rejections in a row after which the random walk ends."""


@dataclass(frozen=True)
class Insertion(Search):
    """Try every removal and insertions at random places; move to the best of them, if it is better."""

    candidates: int
    """Programs tried in one iteration."""

    iterations: int
    """Moves attempted."""

    random_walk: bool = False
    """Try only one insertion or removal in each iteration, drawn at random."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """One batch for each iteration."""
        current, score = Candidate(space.source.text), space.original_score
        # Whatever was asked before is no better than the current program, which only ever gets better.
        asked = {frozenset(current.edits)}
        rejections = 0
        for _ in range(self.iterations):
            moves = (step if self.random_walk else neighbours)(space, current, rng)[: self.candidates]
            made = (space.apply({}, edits) for edits in moves if frozenset(edits) not in asked)
            batch = [candidate for candidate in made if candidate is not None]
            rejections += 1
            if batch:
                asked.update(frozenset(candidate.edits) for candidate in batch)
                values = (yield batch).values
                best = int(values.argmax())
                if values[best] > score:
                    current, score, rejections = batch[best], float(values[best]), 0
            if rejections >= (PATIENCE_OF_WALK if self.random_walk else len(moves)):
                return


def neighbours(space: Space, current: Candidate, rng: np.random.Generator) -> list[tuple[Edit, ...]]:
    """Every removal, then one random statement for each free place, the places in random order."""
    places = _free_places(space, current)
    return _removals(current) + [_insertion(current, places[i], rng) for i in rng.permutation(len(places))]


def step(space: Space, current: Candidate, rng: np.random.Generator) -> list[tuple[Edit, ...]]:
    """A random removal or a random insertion, with equal chance where both are possible; none where neither is."""
    removals, places = _removals(current), _free_places(space, current)
    if removals and (not places or rng.random() < 0.5):
        return [removals[rng.integers(len(removals))]]
    if places:
        return [_insertion(current, places[rng.integers(len(places))], rng)]
    return []


def _insertion(current: Candidate, place: Sequence[Edit], rng: np.random.Generator) -> tuple[Edit, ...]:
    """One random statement of a place more."""
    return (*current.edits, place[int(rng.integers(len(place)))])


def _removals(current: Candidate) -> list[tuple[Edit, ...]]:
    edits = current.edits
    return [edits[:i] + edits[i + 1 :] for i in range(len(edits))]


def _free_places(space: Space, current: Candidate) -> list[Sequence[Edit]]:
    """Edits that may still be made, those at the same place together."""
    taken = {_place(edit) for edit in current.edits}
    places: defaultdict[tuple[tuple[int, int], ...], list[Edit]] = defaultdict(list)
    for edit in space.edits:
        if _place(edit) not in taken:
            places[_place(edit)].append(edit)
    return list(places.values())


def _place(edit: Edit) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end, _ in edit.splices)
