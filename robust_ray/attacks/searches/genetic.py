"""Genetic search over the names of all identifiers at once, from where a greedy search gave up.

Source: Yang et al., "Natural Attack for Pre-trained Models of Code", ICSE 2022, https://arxiv.org/abs/2201.08698
(GA-Attack).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from robust_ray.attacks.base import Candidate, Scores, Search, Space, Steps, Transformation
from robust_ray.attacks.searches.greedy import Greedy

Chromosome = dict[str, str]
"""Target → its name, which may be the one it has."""

Population = list[Chromosome]


@dataclass(frozen=True)
class Genetic(Search):
    """Cross and mutate renamings; a child that is better than the worst of the population takes its place."""

    greedy: Greedy
    """The search before: the first population is made of the names it kept, each alone."""

    children: int = 64
    """Renamings made in one iteration."""

    crossover: float = 0.7
    """Chance that a child is made of two parents rather than by mutation of one."""

    paper_mode: bool = False
    """Follow the released code. A mutation changes the parent itself, and with it every child that is the same object;
    of two equal parents no child is born, but the first of them is mutated. The original is asked again, and so is each
    member of the first population, changed or not, only for its score: that it may fool the victim is not looked at.
    The unchanged member's score is not kept: the list of scores is one shorter than the population, and a child takes
    the place of the member in front of the worst."""

    together: Transformation | None = None
    """Makes programs of many new names; None for the attack's own transformation."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """The greedy search, one batch for the first population, then one for each iteration."""
        kept = yield from self.greedy.climb(space, rng)
        if self.together is not None:
            space = replace(space, transformation=self.together)
        population, scores = yield from self._first_population(space, kept)
        for _ in range(max(5 * len(population), 10)):
            born = self._programs(space, self._children(population, space, rng))
            if not born:
                continue
            values = (yield [candidate for _, candidate in born]).values.tolist()
            for (child, _), value in zip(born, values, strict=True):
                worst = scores.index(min(scores))
                if value > scores[worst]:
                    population[worst], scores[worst] = child, value

    def _first_population(
        self, space: Space, kept: Mapping[str, str]
    ) -> Generator[Sequence[Candidate], Scores, tuple[Population, list[float]]]:
        """The original, and for each target the original with the greedy search's name for it; with their scores."""
        original = {target: target for target in space.targets}
        members = self._programs(space, (original | {name: kept.get(name, name)} for name in original))
        population = [original, *(member for member, _ in members)]
        if self.paper_mode:
            again = [Candidate(space.source.text), *(candidate for _, candidate in members)]
            values = (yield [replace(candidate, is_probe=True) for candidate in again]).values
            return population, values[1:].tolist()
        changed = [i for i, member in enumerate(population) if member != original]
        scores = [space.original_score] * len(population)
        if changed:
            values = (yield [members[i - 1][1] for i in changed]).values
            for i, value in zip(changed, values.tolist(), strict=True):
                scores[i] = value
        return population, scores

    def _programs(self, space: Space, chromosomes: Iterable[Chromosome]) -> list[tuple[Chromosome, Candidate]]:
        """Each renaming with its program; without those that would give two targets one name."""
        made = []
        for chromosome in chromosomes:
            # Released code writes unchanged names anew as well, which shows where it writes them to the wrong place.
            candidate = space.apply({old: new for old, new in chromosome.items() if old != new or self.paper_mode})
            if candidate is not None:
                made.append((chromosome, candidate))
        return made

    def _children(self, population: Population, space: Space, rng: np.random.Generator) -> list[Chromosome]:
        """All children of one iteration, before any of them is asked about."""
        children = (self._child(population, space, rng) for _ in range(self.children))
        return [child for child in children if child is not None]

    def _child(self, population: Population, space: Space, rng: np.random.Generator) -> Chromosome | None:
        """One child of two random members, or a mutant of the first; None if they are to be crossed but are equal."""
        is_crossed = rng.random() < self.crossover
        parent, other = (population[i] for i in rng.integers(len(population), size=2))
        if not is_crossed:
            return self._mutant(parent, space, rng)
        if parent == other:
            if self.paper_mode:
                self._mutant(parent, space, rng)
            return None
        child = crossed(parent, other, int(rng.integers(len(parent))))
        return self._mutant(parent, space, rng) if child in (parent, other) else child

    def _mutant(self, parent: Chromosome, space: Space, rng: np.random.Generator) -> Chromosome:
        """The parent with a random name for a random target; in paper mode the parent itself."""
        child = parent if self.paper_mode else dict(parent)
        target = space.targets[rng.integers(len(space.targets))]
        names = space.names[target][: self.greedy.candidates]
        child[target] = names[int(rng.integers(len(names)))]
        return child


def crossed(parent: Chromosome, other: Chromosome, cut: int) -> Chromosome:
    """``other`` up to the cut, ``parent`` from there on."""
    return {name: (other if i < cut else parent)[name] for i, name in enumerate(parent)}
