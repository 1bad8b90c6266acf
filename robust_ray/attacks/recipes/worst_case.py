"""Worst case: several attacks on each example, one after the other until one succeeds.

Paper: the ensemble is that of Croce and Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
    Diverse Parameter-free Attacks", ICML 2020, https://arxiv.org/abs/2003.01690 (AutoAttack), with attacks on code.
Official code: https://github.com/fra31/auto-attack, for images.
Deviations:
    - The attacks are those of this package, the cheapest first; AutoAttack's have no counterpart on code.
    - Each attack throws the dice it throws alone, so an example falls here exactly if it falls to one of them alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, AttackRecipe, SingleAttack
from robust_ray.attacks.goals import Untargeted
from robust_ray.attacks.recipes.alert import ALERT
from robust_ray.attacks.recipes.beam_attack import BeamAttack
from robust_ray.attacks.recipes.mhm import MHM
from robust_ray.attacks.recipes.wir_random import WIRRandom
from robust_ray.core.errors import SweepError


def _standard() -> tuple[SingleAttack, ...]:
    """The four attacks of Du et al. (2023) that rename."""
    return WIRRandom(), ALERT(), MHM(), BeamAttack()


@ATTACKS.register("worst_case")
@dataclass(frozen=True, kw_only=True)
class WorstCase(AttackRecipe):
    """Run several attacks on each example until one succeeds."""

    paper: ClassVar[str] = "after Croce and Hein, ICML 2020, https://arxiv.org/abs/2003.01690"

    attacks: tuple[SingleAttack, ...] = field(default_factory=_standard)
    """The attacks, in order. They take the goal of the ensemble; each may have a ``query_budget`` of its own beside the
    one of all together."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.attacks:
            raise SweepError(
                "`attacks` must name at least one attack, but got none; leave it out for the standard ones"
            )
        for i, attack in enumerate(self.attacks):
            if attack.goal not in (Untargeted(), self.goal):
                raise SweepError(
                    f"`attacks[{i}]` must have the goal of the ensemble, but got {attack.goal.type!r}; "
                    "give `goal` to the ensemble alone"
                )
            if attack in self.attacks[:i]:
                raise SweepError(f"`attacks` must differ, but got {attack.type!r} twice with the same fields; drop one")

    @property
    def parts(self) -> tuple[SingleAttack, ...]:
        """The attacks, with the goal of the ensemble."""
        return tuple(replace(attack, goal=self.goal) for attack in self.attacks)
