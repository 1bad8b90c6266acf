"""Random search: renamings drawn blindly, the reference that every other search must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robust_ray.attacks.base import Search, Space, Steps


@dataclass(frozen=True)
class RandomSearch(Search):
    """Draw renamings of the original, each without regard to the others."""

    queries: int
    """Renamings tried; fewer only where so many draws in a row bring none that is new."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """One candidate at a time, so that not one query too many is counted."""
        asked: set[str] = set()
        in_vain = 0
        while len(asked) < self.queries and in_vain < self.queries:
            candidate = space.apply(draw(space, rng))
            in_vain += 1
            if candidate is not None and candidate.text not in asked:
                asked.add(candidate.text)
                in_vain = 0
                yield [candidate]


def draw(space: Space, rng: np.random.Generator) -> dict[str, str]:
    """A random renaming: of 1 to all targets, every number equally likely, which ones and to what by chance.

    A target whose new name is taken already keeps the one it has.
    """
    count = rng.integers(1, len(space.targets) + 1)
    renames: dict[str, str] = {}
    for i in rng.permutation(len(space.targets))[:count]:
        names = space.names[space.targets[i]]
        name = names[int(rng.integers(len(names)))]
        if name not in renames.values():
            renames[space.targets[i]] = name
    return renames
