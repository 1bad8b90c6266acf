"""ALERT: a greedy search by word importance, then a genetic one, among natural names.

Paper: Yang et al., "Natural Attack for Pre-trained Models of Code", ICSE 2022, https://arxiv.org/abs/2201.08698.
Official code: https://github.com/soarsmu/attack-pretrain-models-of-code; the form followed here is that in
    https://github.com/CGCL-codes/Attack_PTMC, which takes its names from a file.
Deviations:
    - The paper takes the names from a masked language model: ``substitutes: {type: masked_lm}``, or with its authors'
      published files ``{type: substitutes_file}``. The default needs neither a model nor a file.
    - Candidates that would break the program (a keyword, a name in use, one name for two identifiers) are never sent.
    - A mutation leaves the parent as it is, and a child takes the place of the worst member of the population.
      Released code confuses both; ``paper_mode: true`` does as it does.
    - The looks at the original, which released code counts as queries, are not counted, nor is a member of the first
      population asked that is no different from it. ``paper_mode: true`` asks and counts them, but for the two looks at
      the original before the first probe.
    - What masks an occurrence is the victim's own mask, or its word for the unknown; released code writes ``<mask>``.
    - Identifiers beyond the victim's window are not left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack, Substitutes
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.published_renaming import RenameTokens, RenameTokensTogether
from robust_ray.attacks.searches.genetic import Genetic
from robust_ray.attacks.searches.greedy import Greedy
from robust_ray.attacks.substitutes.corpus_embeddings import CorpusEmbeddings
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError


@ATTACKS.register("alert")
@dataclass(frozen=True, kw_only=True)
class ALERT(SingleAttack):
    """Rename identifiers to natural names: greedily, the most important first, then by a genetic search."""

    paper: ClassVar[str] = "Yang et al., ICSE 2022, https://arxiv.org/abs/2201.08698"

    candidates: int = 30
    """Names tried for one identifier, the best ones."""

    children: int = 64
    """Renamings made in one iteration of the genetic search."""

    crossover: float = 0.7
    """Chance that such a renaming is crossed from two others, not a mutation of one."""

    paper_mode: bool = False
    """Follow the released code, mistakes included, for comparison with published numbers.

    - The original is asked again together with the probes and at the start of the genetic search, and counted.
    - A mutation changes the parent itself, and with it all children of that parent so far. Of two equal parents no
      child is born, but the first of them is mutated.
    - The first population is asked for its scores only: a member that fools the victim does not end the attack.
    - The unchanged member of the first population has no score, so that the list of scores is one shorter than the
      population and a child takes the place of the member in front of the worst.
    - The genetic search writes several names on one line to the wrong columns
      (:class:`robust_ray.attacks.published_renaming.RenameTokensTogether`).
    - Tokens are renamed by their spelling (:class:`robust_ray.attacks.published_renaming.RenameTokens`), and the attack
      stops at the first program that fools the victim, valid or not; where it is not, the verdict is ``INVALID``.
    """

    substitutes: Substitutes = field(default_factory=CorpusEmbeddings)
    """Where replacement names come from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("candidates", self.candidates)
        at_least_one("children", self.children)
        if not 0.0 <= self.crossover <= 1.0:
            raise SweepError(f"`0 <= crossover <= 1` must hold, but got {self.crossover}; give a probability")

    def build(self) -> Attack:
        """Greedy, then genetic search."""
        return Attack(
            goal=self.goal,
            transformation=RenameTokens() if self.paper_mode else RenameIdentifiers(),
            constraints=[Valid()],
            search=Genetic(
                Greedy(self.candidates, paper_mode=self.paper_mode),
                self.children,
                self.crossover,
                self.paper_mode,
                together=RenameTokensTogether() if self.paper_mode else None,
            ),
            query_budget=self.query_budget,
            stops_at_invalid=self.paper_mode,
        )
