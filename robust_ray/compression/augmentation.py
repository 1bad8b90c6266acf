"""More training programs: variants of those there are, which do the same and read differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.source.statements import RULES


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Which variants of training programs are learned from beside them.

    All names come from the training split, and every variant passes the check that adversarial examples have to pass.
    """

    copies: int = 1
    """Variants of each training example; fewer where so much of a program cannot be changed."""

    worst_of: int = 1
    """Variants tried for each one that is kept, which is that on which the teacher's answer has moved the most: above 1
    they are adversarial examples for the teacher, found by random search."""

    renames: float = 0.5
    """Chance of every name in question to be replaced, in [0, 1]."""

    names: Literal["all", "signatures"] = "all"
    """Which names are in question: all that a program binds, or those of functions and parameters alone."""

    rewrites: int = 2
    """Statements inserted or written in another way, at most; 0 for none."""

    rules: tuple[str, ...] = tuple(RULES)
    """Rules that say which statements these may be, a random one each time."""

    vocabulary: int = 5000
    """Names to draw from: the most frequent ones that training programs bind."""

    def __post_init__(self) -> None:
        for name in ("copies", "worst_of", "vocabulary"):
            at_least_one(name, getattr(self, name))
        if not 0 <= self.renames <= 1:
            raise SweepError(f"`0 <= renames <= 1` must hold, but got {self.renames}; 0.5 is usual")
        if self.rewrites < 0:
            raise SweepError(f"`rewrites >= 0` must hold, but got {self.rewrites}; 0 is for none")
        for rule in self.rules:
            if rule not in RULES:
                raise SweepError(f"`rules` must name rules that exist, but got {rule!r}; {did_you_mean(rule, RULES)}")
        if self.renames == 0 and not (self.rewrites and self.rules):
            raise SweepError("an augmentation must change names or statements, but changes neither; raise `renames`")
