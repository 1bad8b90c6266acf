"""TextAttack's recipes as attacks of a sweep.

Paper: Morris et al., "TextAttack: A Framework for Adversarial Attacks, Data Augmentation, and Adversarial Training in
    NLP", EMNLP 2020, https://arxiv.org/abs/2005.05909; each recipe has a paper of its own, named in TextAttack's docs.
Official code: https://github.com/QData/TextAttack
Deviations:
    - A word is a name that the program binds itself, and a swap renames all its occurrences. To see how much a word
      matters, all its occurrences become the victim's mask, or nothing where TextAttack deletes the word.
    - Candidates that would break the program are filtered out like those a constraint rejects, and never sent; a text
      that a search makes past the constraints (a child of two parents, say) and that is no program counts as no better
      than the original.
    - Where a recipe looks words up, names come from ``substitutes``; constraints that judge English are left out
      (:mod:`robust_ray.attacks.textattack.building`).
    - The goal is that of the sweep, whatever the recipe's is; the first candidate that achieves it ends the attack.
    - The look at the original is not counted as a query.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack, Substitutes
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.substitutes.corpus_vocabulary import CorpusVocabulary
from robust_ray.attacks.textattack import catalog
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.core.identity import files_digest


@ATTACKS.register("textattack")
@dataclass(frozen=True, kw_only=True)
class TextAttack(SingleAttack):
    """Rename identifiers as a recipe of TextAttack swaps words."""

    paper: ClassVar[str] = "Morris et al., EMNLP 2020, https://arxiv.org/abs/2005.05909"

    recipe: str
    """The recipe's name on TextAttack's command line (``deepwordbug``, ``textfooler`` …), adapted to code; or
    ``module:attribute``: a function that takes a model wrapper and returns a ``textattack.Attack``, or an
    ``AttackRecipe`` of your own, taken as it is."""

    substitutes: Substitutes = field(default_factory=CorpusVocabulary)
    """Where replacement names come from; recipes that spell names themselves (``deepwordbug``, ``pruthi``) do
    not look at them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        catalog.check(self.recipe)

    def revision(self) -> str:
        """TextAttack's version, and what the file of a recipe of your own holds."""
        files = [_file(self.recipe.partition(":")[0])] if ":" in self.recipe else []
        own = files_digest([file for file in files if file is not None])
        return f"textattack {version('textattack')} {own}"

    def build(self) -> Attack:
        """The recipe's search, asking by way of the engine."""
        from robust_ray.attacks.textattack.building import blueprint
        from robust_ray.attacks.textattack.search import TextAttackSearch

        return Attack(
            goal=self.goal,
            transformation=RenameIdentifiers(),
            constraints=[Valid()],
            search=TextAttackSearch(blueprint(self.recipe)),
            query_budget=self.query_budget,
        )


@functools.cache
def _file(module: str) -> Path | None:
    """Where a module lies; None where it cannot be found. It is not imported, and neither is its package."""
    places, name = None, ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = PathFinder.find_spec(name, places)
        if spec is None:
            return None
        places = spec.submodule_search_locations
    return Path(spec.origin) if spec is not None and spec.origin else None
