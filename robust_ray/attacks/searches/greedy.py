"""Greedy search by word importance: the identifier the victim leans on most is renamed first.

Source: Yang et al., "Natural Attack for Pre-trained Models of Code", ICSE 2022, https://arxiv.org/abs/2201.08698
(Greedy-Attack).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from robust_ray.attacks.base import Candidate, Scores, Search, Space, Steps

Pick = Callable[[Sequence[str], int, np.random.Generator], Sequence[str]]
"""Chooses which of a target's names to try: at most so many."""


def first(names: Sequence[str], count: int, rng: np.random.Generator) -> Sequence[str]:
    """The best ones."""
    return names[:count]


def with_replacement(names: Sequence[str], count: int, rng: np.random.Generator) -> Sequence[str]:
    """Random ones; the same name may be drawn twice."""
    return [names[i] for i in rng.integers(len(names), size=count)]


@dataclass(frozen=True)
class Greedy(Search):
    """Identifiers in descending importance; of each, the name that helps most is kept."""

    candidates: int
    """Names tried for one identifier."""

    pick: Pick = first
    """Which of its names these are."""

    paper_mode: bool = False
    """Follow the released code: the original is asked once more, together with the probes."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """One batch of probes, then one batch for each identifier."""
        yield from self.climb(space, rng)

    def climb(self, space: Space, rng: np.random.Generator) -> Generator[Sequence[Candidate], Scores, dict[str, str]]:
        """The search itself; returns the names that were kept, for a search that goes on from there."""
        renames: dict[str, str] = {}
        score = space.original_score
        for target in (yield from by_importance(space, asks_original=self.paper_mode)):
            names = self.pick(space.names[target], self.candidates, rng)
            tried = (space.apply(renames | {target: name}) for name in names)
            batch = [candidate for candidate in tried if candidate is not None]
            if not batch:
                continue
            values = (yield batch).values
            best = int(values.argmax())
            if values[best] > score:
                renames, score = dict(batch[best].renames), float(values[best])
        return renames


def by_importance(space: Space, *, asks_original: bool = False) -> Generator[Sequence[Candidate], Scores, list[str]]:
    """Targets, the most important first; equal ones in order of first appearance.

    The importance of an identifier is the sum over its occurrences of what the score gains when that occurrence alone
    is masked. Costs one query for each occurrence.

    Args:
        space: What can be changed.
        asks_original: Whether to ask the original in front of the probes, for one query more.
    """
    original = [Candidate(space.source.text, is_probe=True)] if asks_original else []
    probes = {target: space.masked(target) for target in space.targets}
    batch = [*original, *(probe for each in probes.values() for probe in each)]
    values = (yield batch).values[len(original) :]
    ends = np.cumsum([len(each) for each in probes.values()])
    gains = [float((part - space.original_score).sum()) for part in np.split(values, ends[:-1])]
    importance = dict(zip(probes, gains, strict=True))
    return sorted(probes, key=lambda target: -importance[target])
