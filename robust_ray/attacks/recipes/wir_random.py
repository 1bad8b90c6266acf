"""WIR-Random: identifiers by word importance, replaced by random names.

Paper: Zeng et al., "An Extensive Study on Pre-trained Models for Program Understanding and Generation", ISSTA 2022,
    https://doi.org/10.1145/3533767.3534390.
Official code: https://github.com/ZZR0/ISSTA22-CodeStudy; the form followed here is that in
    https://github.com/CGCL-codes/Attack_PTMC.
Deviations:
    - Names come from the most frequent *identifiers* of the training split, not from the most frequent tokens of the
      split under attack.
    - Candidates that would break the program (a keyword, a name in use) are never sent, but in ``paper_mode: true``.
    - The looks at the original, which released code counts as queries, are not counted. ``paper_mode: true`` counts the
      one that comes with the probes, not the two before.
    - What masks an occurrence is the victim's own mask, or its word for the unknown; released code writes ``<mask>``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack, Substitutes
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.published_renaming import RenameTokens
from robust_ray.attacks.searches.greedy import Greedy, with_replacement
from robust_ray.attacks.substitutes.corpus_vocabulary import CorpusVocabulary
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.core.checks import at_least_one


@ATTACKS.register("wir_random")
@dataclass(frozen=True, kw_only=True)
class WIRRandom(SingleAttack):
    """Rename identifiers, the most important first, to the best of a few random names."""

    paper: ClassVar[str] = "Zeng et al., ISSTA 2022, https://doi.org/10.1145/3533767.3534390"

    candidates: int = 30
    """Names drawn for one identifier, with replacement."""

    paper_mode: bool = False
    """Follow the released code, mistakes included, for comparison with published numbers.

    - The original is asked again together with the probes, and counted.
    - One variable may get the name of another.
    - Tokens are renamed by their spelling (:class:`robust_ray.attacks.published_renaming.RenameTokens`), and the attack
      stops at the first program that fools the victim, valid or not; where it is not, the verdict is ``INVALID``.
    """

    substitutes: Substitutes = field(default_factory=CorpusVocabulary)
    """Where replacement names come from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("candidates", self.candidates)

    def build(self) -> Attack:
        """Greedy search by word importance among random names."""
        return Attack(
            goal=self.goal,
            transformation=RenameTokens(may_merge=True) if self.paper_mode else RenameIdentifiers(),
            constraints=[Valid()],
            search=Greedy(self.candidates, pick=with_replacement, paper_mode=self.paper_mode),
            query_budget=self.query_budget,
            stops_at_invalid=self.paper_mode,
        )
