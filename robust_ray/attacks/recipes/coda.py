"""CODA: equivalent statements first, then the names of programs of another class.

Paper: Tian et al., "Code Difference Guided Adversarial Example Generation for Deep Code Models", ASE 2023,
    https://arxiv.org/abs/2301.02412.
Official code: https://github.com/tianzhaotju/CODA.
Deviations:
    - Names come from reference programs of another label, found without the victim, so that all victims are offered
      the same ones; the paper takes programs that the victim classifies correctly, of the class it finds second likely.
    - Each sound rewrite is made with an even chance; the paper's chances follow the style of the reference programs.
    - What is rewritten is what the rules of :mod:`robust_ray.source.statements` find sound: loops, branches, increments
      and constants. Released code rewrites lines of text.
    - Equal rewrites are asked once, and the identifier phase stops at the first round that succeeds: released code asks
      all rounds before it looks at an answer.
    - A name is passed over if another identifier has it in the same round; released code does so, too, if another had
      it in the round before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack, Substitutes
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.searches.two_phases import TwoPhases
from robust_ray.attacks.substitutes.reference_identifiers import ReferenceIdentifiers
from robust_ray.attacks.transformations import RenameAndEdit
from robust_ray.core.checks import at_least_one


@ATTACKS.register("coda")
@dataclass(frozen=True, kw_only=True)
class CODA(SingleAttack):
    """Rewrite statements at random, then give all identifiers the names that programs of another class have."""

    paper: ClassVar[str] = "Tian et al., ASE 2023, https://arxiv.org/abs/2301.02412"

    rewrites: int = 64
    """Random sets of rewrites drawn."""

    rounds: int = 64
    """Names tried for one identifier, the best ones."""

    substitutes: Substitutes = field(default_factory=ReferenceIdentifiers)
    """Where replacement names come from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("rewrites", self.rewrites)
        at_least_one("rounds", self.rounds)

    def build(self) -> Attack:
        """Statements, then names."""
        return Attack(
            goal=self.goal,
            transformation=RenameAndEdit(("branches", "constants", "increments", "loops")),
            constraints=[Valid()],
            search=TwoPhases(self.rewrites, self.rounds),
            query_budget=self.query_budget,
        )
