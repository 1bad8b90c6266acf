"""S-CARROT: statements without effect, inserted by hill climbing.

Paper: Zhang et al., "Towards Robustness of Deep Program Processing Models - Detection, Estimation, and Enhancement",
    TOSEM 2022, https://doi.org/10.1145/3511887.
Official code: https://github.com/SEKE-Adversary/CARROT (``InsAttacker``, and ``InsAttackerRandom`` for the walk).
Deviations:
    - The paper's other attack, I-CARROT, is not here: it chooses names by the gradient, which a victim does not tell.
    - What may be inserted, and where, is what the rule ``dead_code`` finds sound
      (:mod:`robust_ray.source.statements`): released code has fifteen statements of C, ``printf("")`` among them, and
      takes what parses.
    - At one place at most one statement is inserted; released code stacks them.
    - A program is never asked twice, though an iteration may come to it again.
    - An example that the victim gets wrong from the start is left out; released code counts it as a success.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.searches.insertion import Insertion
from robust_ray.attacks.transformations import EditStatements
from robust_ray.core.checks import at_least_one


@ATTACKS.register("carrot_insertion")
@dataclass(frozen=True, kw_only=True)
class CarrotInsertion(SingleAttack):
    """Insert statements without effect, one at a time, and take them out again where that helps."""

    paper: ClassVar[str] = "Zhang et al., TOSEM 2022, https://doi.org/10.1145/3511887"

    candidates: int = 100
    """Programs tried in one iteration."""

    iterations: int = 20
    """Moves attempted."""

    random_walk: bool = False
    """The paper's baseline, S-RW: try only one insertion or removal in each iteration, drawn at random."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("candidates", self.candidates)
        at_least_one("iterations", self.iterations)

    def build(self) -> Attack:
        """Hill climbing over dead code."""
        return Attack(
            goal=self.goal,
            transformation=EditStatements(("dead_code",)),
            constraints=[Valid()],
            search=Insertion(self.candidates, self.iterations, self.random_walk),
            query_budget=self.query_budget,
        )
