"""Substitutes made up at random: the control that says how much the choice of names matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from robust_ray.attacks.base import SUBSTITUTES, Substitutes
from robust_ray.attacks.substitutes.programs import may_be_given, offer
from robust_ray.core.checks import at_least_one
from robust_ray.core.examples import Example, generator
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.languages import LANGUAGES

SHORTEST, LONGEST = 3, 10
"""Letters of a name."""


@SUBSTITUTES.register("random_names")
@dataclass(frozen=True, kw_only=True)
class RandomNames(Substitutes):
    """Random letters, offered for every name of every example."""

    count: int = 1000
    """Names made; a larger count only adds to them."""

    seed: int = 0
    """Of the dice."""

    def __post_init__(self) -> None:
        at_least_one("count", self.count)

    def collect(
        self, corpus: Sequence[Example], attacked: Sequence[Example], machine: Machine
    ) -> list[SubstituteRecord]:
        """Draw names until there are enough that no language keeps for itself; neither corpus nor examples matter."""
        rng = generator(self.type, self.seed)
        names: dict[str, float] = {}
        while len(names) < self.count:
            letters = rng.integers(len(ascii_lowercase), size=rng.integers(SHORTEST, LONGEST + 1))
            name = "".join(ascii_lowercase[letter] for letter in letters)
            if may_be_given(name, LANGUAGES):
                names[name] = 0.0
        return offer(self.type, names.items())
