"""The grammar of attacks: goal x transformation x constraints x search, assembled by a recipe.

A search is a generator: it yields candidates, is sent their scores, and returns. It never sees the victim, so it can be
tested with a list of numbers and no model at all; the engine does the asking, for many examples at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from robust_ray.attacks.goals import Goal, Untargeted
from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.checks import at_least_one
from robust_ray.core.component import Component, Registry
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.edits import Edit
from robust_ray.source.identifiers import SourceCode
from robust_ray.source.validity import Validity


@dataclass(frozen=True)
class Candidate:
    """A changed program. A probe (a masked occurrence, say) may be asked about but is never an adversarial example."""

    text: str
    renames: Mapping[str, str] = field(default_factory=dict)
    """Original name → new name, against the original program."""

    edits: tuple[Edit, ...] = ()
    """Statements inserted or rewritten, against the original program too; the renames come after them."""

    is_probe: bool = False


class Scores(NamedTuple):
    """What the goal makes of the victim's answers to a batch of candidates."""

    values: FloatArray
    """``(n,)``: how near each candidate is to the goal, from 0 to 1; 0 for those that achieve it but failed the
    constraints."""

    achieved: BoolArray
    """``(n,)``: whether it is there; always False for probes and for candidates that failed the constraints."""


Steps = Generator[Sequence[Candidate], Scores, None]
"""What a search is: it may return at any time; once a candidate has achieved the goal it is not resumed."""


class Transformation(Protocol):
    """Makes candidates of a program."""

    def targets(self, source: SourceCode) -> tuple[str, ...]:
        """Names that may be changed, in order of first appearance."""
        ...

    def edits(self, source: SourceCode) -> tuple[Edit, ...]:
        """Changes to statements that are sound, in order of the text."""
        ...

    def allows(self, source: SourceCode, name: str) -> bool:
        """Whether ``name`` may enter the program at all: a cheap look, before any candidate is made."""
        ...

    def apply(self, source: SourceCode, renames: Mapping[str, str], edits: tuple[Edit, ...] = ()) -> Candidate | None:
        """The program with these edits and renames, or None if they would break it."""
        ...

    def masked(self, source: SourceCode, name: str, mask: str) -> list[Candidate]:
        """One probe for each occurrence of ``name``, that occurrence replaced by ``mask``."""
        ...


class Constraint(ABC):
    """Allows or rejects a final program."""

    def prepare(self, source: SourceCode) -> None:  # noqa: B027  # most have nothing to prepare
        """Begin in the background what :meth:`check` will need to know of the original."""

    @abstractmethod
    def check(self, source: SourceCode, candidate: Candidate) -> Validity:
        """Whether ``candidate`` may count, how strictly that was checked, and why not."""


@dataclass(frozen=True)
class Space:
    """All a search may know of one example: what can be changed, and into what."""

    source: SourceCode
    transformation: Transformation
    names: Mapping[str, Sequence[str]]
    """Target → allowed names that may replace it, best first; in order of first appearance, none empty."""

    edits: tuple[Edit, ...]
    """Changes to statements that may be made, in order of the text."""

    mask: str
    """Text that stands for 'no information' to the victim."""

    original_score: float
    """The goal's score of the unchanged program."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Names that may be changed."""
        return tuple(self.names)

    def apply(self, renames: Mapping[str, str], edits: tuple[Edit, ...] = ()) -> Candidate | None:
        """The program with these edits and renames, or None if they would break it."""
        return self.transformation.apply(self.source, renames, edits)

    def masked(self, target: str) -> list[Candidate]:
        """One probe for each occurrence of ``target``."""
        return self.transformation.masked(self.source, target, self.mask)


class Search(ABC):
    """Decides which candidates to try: the only part that spends queries."""

    @abstractmethod
    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """Yield batches of candidates, be sent their scores, and return when out of ideas."""


@dataclass(frozen=True)
class Attack:
    """An assembled attack."""

    goal: Goal
    transformation: Transformation
    constraints: Sequence[Constraint]
    """At least one, the strictest last: its level is what the row reports."""

    search: Search
    query_budget: int | None = None
    """Most queries for one example; None for no limit."""

    stops_at_invalid: bool = False
    """Whether the first candidate that achieves the goal ends the attack even if it is not valid, as published code
    does; the verdict is then ``INVALID``."""


@dataclass(frozen=True, kw_only=True)
class Substitutes(Component):
    """Where replacement names come from: a stage of its own, victim-independent, shared by every cell."""

    looks_at_examples: ClassVar[bool] = False
    """Whether each attacked example is work of its own, so that only those that are attacked are looked at, a shard a
    call; otherwise one call serves the whole data set."""

    uses_gpu: ClassVar[bool] = False
    """Whether a GPU is of use to it: to those that ask a language model."""

    @abstractmethod
    def collect(
        self, corpus: Sequence[Example], attacked: Sequence[Example], machine: Machine
    ) -> list[SubstituteRecord]:
        """Names for the examples to be attacked, from the training corpus; ``key`` is filled in by the stage."""


@dataclass(frozen=True, kw_only=True)
class AttackRecipe(Component):
    """What a sweep names under ``attacks``: a single attack, or an ensemble of several."""

    query_budget: int | None = None
    """Most queries for one example; null for none."""

    goal: Goal = field(default_factory=Untargeted)
    """What to make the victim do."""

    def __post_init__(self) -> None:
        if self.query_budget is not None:
            at_least_one("query_budget", self.query_budget)

    @property
    @abstractmethod
    def parts(self) -> tuple[SingleAttack, ...]:
        """The attacks to be run one after the other until one succeeds."""

    @property
    def sources(self) -> tuple[Substitutes, ...]:
        """Where the names of its parts come from, each source once."""
        return tuple(dict.fromkeys(part.substitutes for part in self.parts if part.substitutes is not None))


@dataclass(frozen=True, kw_only=True)
class SingleAttack(AttackRecipe):
    """An assembly from a paper: one verb, ``build``."""

    substitutes: Substitutes | None = None
    """Where replacement names come from; null where the attack needs none."""

    @property
    def parts(self) -> tuple[SingleAttack, ...]:
        """Itself."""
        return (self,)

    def suited(self, segments: int, n_labels: int) -> SingleAttack:
        """The attack with what its paper chooses by the task, where the user leaves that open.

        Args:
            segments: Programs of an example.
            n_labels: Classes of the victim; 1 where it writes texts.
        """
        return self

    @abstractmethod
    def build(self) -> Attack:
        """Put the parts of the grammar together."""


SUBSTITUTES: Registry[Substitutes] = Registry("substitutes", Substitutes)
ATTACKS: Registry[AttackRecipe] = Registry("attack", AttackRecipe)
