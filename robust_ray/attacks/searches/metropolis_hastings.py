"""Metropolis-Hastings sampling over identifier names.

Source: Zhang et al., "Generating Adversarial Examples for Holding Robustness of Source Code Processing Models",
AAAI 2020, https://ojs.aaai.org/index.php/AAAI/article/view/5469.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from robust_ray.attacks.base import Candidate, Search, Space, Steps

EPSILON = 1e-10


@dataclass(frozen=True)
class MetropolisHastings(Search):
    """Propose random names for a random identifier; move to the best of them, if it is good enough."""

    candidates: int
    """Names proposed in one iteration."""

    iterations: int
    """Moves attempted."""

    threshold: float
    """Smallest acceptance ratio at which a move is made; 1 accepts no loss."""

    paper_mode: bool = False
    """Follow the released code: the current program is asked again in every iteration, and a move that the best
    candidate earns is made to the last one."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """One batch for each iteration."""
        current, score = Candidate(space.source.text), space.original_score
        for _ in range(self.iterations):
            target = space.targets[rng.integers(len(space.targets))]
            proposed = list(islice(proposals(space, current, target, rng), self.candidates))
            batch = [current, *proposed] if self.paper_mode else proposed
            if not batch:
                continue
            values = (yield batch).values[len(batch) - len(proposed) :]
            if not proposed:
                continue
            best = int(values.argmax())
            ratio = (values[best] + EPSILON) / (score + EPSILON)
            if ratio >= self.threshold and rng.random() <= ratio:
                chosen = len(proposed) - 1 if self.paper_mode else best
                current, score = proposed[chosen], float(values[chosen])


def proposals(space: Space, current: Candidate, target: str, rng: np.random.Generator) -> Iterator[Candidate]:
    """The current program with another name for ``target``: all that are possible, in random order."""
    names = space.names[target]
    taken = set(current.renames.values())
    for i in rng.permutation(len(names)):
        if names[i] in taken:
            continue
        candidate = space.apply({**current.renames, target: names[i]})
        if candidate is not None:
            yield candidate
