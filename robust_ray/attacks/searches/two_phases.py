"""Structure first, names second: the two phases of CODA.

Source: Tian et al., "Code Difference Guided Adversarial Example Generation for Deep Code Models", ASE 2023,
https://arxiv.org/abs/2301.02412.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from robust_ray.attacks.base import Candidate, Scores, Search, Space, Steps
from robust_ray.source.edits import Edit, Splice, fits


@dataclass(frozen=True)
class TwoPhases(Search):
    """Rewrite statements at random and keep the best program; then give all names their next one, again and again."""

    rewrites: int
    """Random sets of rewrites drawn; one that was drawn before is not asked again."""

    rounds: int
    """Names tried for one identifier."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """One batch of rewritten programs, then one for each round of names."""
        edits = yield from self._rewrite(space, rng)
        functions = {each.name for each in space.source.identifiers if each.kind == "function"}
        targets = sorted(space.targets, key=lambda target: target in functions)
        longest = max((len(names) for names in space.names.values()), default=0)
        for rank in range(min(self.rounds, longest)):
            batch = renamed_one_by_one(space, targets, rank, edits)
            if batch:
                yield batch

    def _rewrite(
        self, space: Space, rng: np.random.Generator
    ) -> Generator[Sequence[Candidate], Scores, tuple[Edit, ...]]:
        """The edits that help most, or none."""
        drawn = {draw(space.edits, rng): None for _ in range(self.rewrites)}
        made = (space.apply({}, edits) for edits in drawn if edits)
        batch = [candidate for candidate in made if candidate is not None]
        if not batch:
            return ()
        values = (yield batch).values
        best = int(values.argmax())
        return batch[best].edits if values[best] > space.original_score else ()


def draw(edits: Sequence[Edit], rng: np.random.Generator) -> tuple[Edit, ...]:
    """Each edit with an even chance, considered in random order; one that clashes with those drawn is left out."""
    drawn: list[Edit] = []
    taken: list[Splice] = []
    for i in rng.permutation(len(edits)):
        if rng.random() < 0.5 and fits(edits[i], taken):
            drawn.append(edits[i])
            for splice in edits[i].splices:
                insort(taken, splice)
    return tuple(sorted(drawn, key=lambda edit: edit.splices))


def renamed_one_by_one(space: Space, targets: Sequence[str], rank: int, edits: tuple[Edit, ...]) -> list[Candidate]:
    """The program with the edits after each target in turn gets its name of this rank, unless that is taken."""
    renames: dict[str, str] = {}
    candidates = []
    for target in targets:
        if rank < len(space.names[target]):
            candidate = space.apply({**renames, target: space.names[target][rank]}, edits)
            if candidate is not None:
                renames = dict(candidate.renames)
                candidates.append(candidate)
    return candidates
