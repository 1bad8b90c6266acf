"""MHM: identifier renaming by Metropolis-Hastings sampling.

Paper: Zhang et al., "Generating Adversarial Examples for Holding Robustness of Source Code Processing Models",
    AAAI 2020, https://ojs.aaai.org/index.php/AAAI/article/view/5469.
Official code: https://github.com/SEKE-Adversary/MHM; the form followed here is that for pre-trained models in
    https://github.com/soarsmu/attack-pretrain-models-of-code and https://github.com/CGCL-codes/Attack_PTMC.
MHM-NS (Yang et al., ICSE 2022) is the same search among natural names for each identifier: give ``substitutes`` that
offer them, or use the recipe ``mhm_ns``.
Deviations:
    - An accepted move goes to the candidate with the lowest probability of the true class, as the paper says; all
      released versions move to the last candidate instead. ``paper_mode: true`` does as they do.
    - Names come from the 5,000 most frequent *identifiers* of the training split, not from the 5,000 most frequent
      tokens of the split under attack.
    - Candidates that would break the program (a keyword, a name in use) are never sent; another name is drawn in their
      place, so an iteration sends ``candidates`` programs, where released code sends fewer. A renamed identifier never
      gets its first name back.
    - The current program is not asked again in every iteration, and the look at the original is not counted, so the
      number of queries is lower by one for each iteration. ``paper_mode: true`` asks again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack, Substitutes
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.published_renaming import RenameTokens
from robust_ray.attacks.searches.metropolis_hastings import MetropolisHastings
from robust_ray.attacks.substitutes.corpus_vocabulary import CorpusVocabulary
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError


@ATTACKS.register("mhm")
@dataclass(frozen=True, kw_only=True)
class MHM(SingleAttack):
    """Rename identifiers by Metropolis-Hastings sampling."""

    paper: ClassVar[str] = "Zhang et al., AAAI 2020, https://ojs.aaai.org/index.php/AAAI/article/view/5469"

    candidates: int = 30
    """Names proposed in one iteration."""

    iterations: int = 100
    """Moves attempted."""

    threshold: float = 1.0
    """Smallest acceptance ratio at which a move is made; 1 accepts no loss."""

    paper_mode: bool = False
    """Follow the released code, mistakes included, for comparison with published numbers.

    - A move that the best candidate earns is made to the last one.
    - The current program is asked again in every iteration, and counted.
    - Tokens are renamed by their spelling (:class:`robust_ray.attacks.published_renaming.RenameTokens`), and the attack
      stops at the first program that fools the victim, valid or not; where it is not, the verdict is ``INVALID``.
    """

    substitutes: Substitutes = field(default_factory=CorpusVocabulary)
    """Where replacement names come from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("candidates", self.candidates)
        at_least_one("iterations", self.iterations)
        if self.threshold < 0.0:
            raise SweepError(f"`threshold >= 0` must hold, but got {self.threshold}; give 1 to accept no loss")

    def build(self) -> Attack:
        """Metropolis-Hastings sampling among random names."""
        return Attack(
            goal=self.goal,
            transformation=RenameTokens() if self.paper_mode else RenameIdentifiers(),
            constraints=[Valid()],
            search=MetropolisHastings(self.candidates, self.iterations, self.threshold, self.paper_mode),
            query_budget=self.query_budget,
            stops_at_invalid=self.paper_mode,
        )
