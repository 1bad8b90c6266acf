"""Random renaming: the baseline of attacks by renaming.

Paper: none; random search is the reference that an attack must beat at the same number of queries.
Deviations: none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack, Substitutes
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.searches.random_search import RandomSearch
from robust_ray.attacks.substitutes.corpus_vocabulary import CorpusVocabulary
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.core.checks import at_least_one


@ATTACKS.register("random")
@dataclass(frozen=True, kw_only=True)
class RandomRenaming(SingleAttack):
    """Rename random identifiers to random names, without learning from the answers."""

    queries: int = 100
    """Renamings tried; fewer only where so many draws in a row bring none that is new."""

    substitutes: Substitutes = field(default_factory=CorpusVocabulary)
    """Where replacement names come from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("queries", self.queries)

    def build(self) -> Attack:
        """Random search among random names."""
        return Attack(
            goal=self.goal,
            transformation=RenameIdentifiers(),
            constraints=[Valid()],
            search=RandomSearch(self.queries),
            query_budget=self.query_budget,
        )
