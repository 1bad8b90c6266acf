"""What a sweep file says of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from robust_ray.core.checks import a_seed, at_least_one
from robust_ray.core.errors import SweepError

WITHOUT_BRANCHES = frozenset({"nsgaii", "nsgaiii", "gp"})
"""Samplers that learn only of parameters which every proposal has: of a space with branches they are asked for all of
them, those of the branches not taken too."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number measured of a student."""

    metric: str
    """A name in :data:`robust_ray.search.METRICS`."""

    attack: str | None = None
    """Type of the one attack it is taken under; null for all attacks of the sweep."""

    relation: str | None = None
    """Type of the one relation it is taken of; null for all relations of the sweep."""

    @property
    def name(self) -> str:
        """In tables, e.g. ``violation of prediction_agreement``."""
        relation = f" of {self.relation}" if self.relation else ""
        attack = f" under {self.attack}" if self.attack else ""
        return self.metric + relation + attack


@dataclass(frozen=True, kw_only=True)
class Objective(Quantity):
    """A number the search optimizes."""

    direction: Literal["maximize", "minimize"]


@dataclass(frozen=True, kw_only=True)
class Bound(Quantity):
    """A number the search must keep: absolutely, or relative to the teacher."""

    at_least: float | None = None
    """Smallest value allowed."""

    at_most: float | None = None
    """Largest value allowed."""

    below_teacher: float | None = None
    """How far a number of which more is better may lie below the teacher's, e.g. 0.02 for two points of accuracy."""

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.at_least, self.at_most, self.below_teacher)) != 1:
            raise SweepError(
                "exactly one of at_least, at_most and below_teacher must be given, but got none or several; keep one"
            )

    @property
    def sentence(self) -> str:
        """The bound in words, e.g. ``clean_accuracy below_teacher 0.02``."""
        kind = next(kind for kind in ("at_least", "at_most", "below_teacher") if getattr(self, kind) is not None)
        return f"{self.name} {kind} {getattr(self, kind)}"


@dataclass(frozen=True, kw_only=True)
class Search:
    """Optuna over compression settings, beside the fixed list."""

    space: Mapping[str, object]
    """Name of a branch → field → a value, ``{low, high, log, step}``, ``{choices: [...]}``, or a mapping or list of
    these. A branch's name is the type of its compression, unless ``type`` is among the fields; a list of steps is a
    pipeline."""

    objectives: tuple[Objective, ...]
    """At least one; with several the answer is a Pareto front."""

    constraints: tuple[Bound, ...] = ()
    """Proposals that break one are never on the front."""

    over_tasks: Literal["each", "mean", "worst"] = "each"
    """A study for each task, or one whose objectives are the mean or the worst over all tasks: settings good for all.
    A constraint must then hold on every task."""

    rungs: tuple[int, ...] = ()
    """Numbers of attacked examples after which a proposal is judged: one that another proposal beats beyond chance is
    not attacked on more. Multiples of the shard, rising, below ``examples.attack``; none attacks every proposal on all
    of them."""

    trials: int = 20
    """Proposals in all, those of earlier runs counted; what is measured anyway, or already, is not."""

    sampler: Literal["tpe", "nsgaii", "nsgaiii", "gp", "random"] = "tpe"
    """How Optuna proposes."""

    seed: int = 0
    """The sampler's."""

    max_concurrent: int = 2
    """Proposals measured at once."""

    def __post_init__(self) -> None:
        if not self.space:
            raise SweepError("`space` must name at least one compression, but it is empty; add one")
        if not self.objectives:
            raise SweepError("`objectives` must hold at least one metric, but it is empty; add one")
        for name in ("trials", "max_concurrent"):
            at_least_one(name, getattr(self, name))
        a_seed("seed", self.seed)

    def require_rungs(self, attacked: int, shard: int) -> None:
        """Refuse rungs that are not on the way to ``attacked`` examples in calls of ``shard`` examples.

        Raises:
            SweepError: there is one.
        """
        for before, rung in zip((0, *self.rungs), self.rungs, strict=False):
            if not before < rung < attacked or rung % shard:
                raise SweepError(
                    f"search.rungs: multiples of `examples.shard` ({shard}), each above the one before it and below "
                    f"`examples.attack` ({attacked}), must stand here, but got {list(self.rungs)}; correct them"
                )
