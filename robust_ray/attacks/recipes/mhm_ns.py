"""MHM-NS: MHM among natural names, each offered for one identifier.

Paper: Yang et al., "Natural Attack for Pre-trained Models of Code", ICSE 2022, https://arxiv.org/abs/2201.08698, which
    compares ALERT with it.
Official code: https://github.com/soarsmu/attack-pretrain-models-of-code (``mcmc``, where MHM is ``mcmc_random``).
Deviations: those of MHM (:mod:`robust_ray.attacks.recipes.mhm`); names as in ALERT
    (:mod:`robust_ray.attacks.recipes.alert`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from robust_ray.attacks.base import ATTACKS, Substitutes
from robust_ray.attacks.recipes.mhm import MHM
from robust_ray.attacks.substitutes.corpus_embeddings import CorpusEmbeddings


@ATTACKS.register("mhm_ns")
@dataclass(frozen=True, kw_only=True)
class MHMNS(MHM):
    """Rename identifiers to natural names by Metropolis-Hastings sampling."""

    paper: ClassVar[str] = "Yang et al., ICSE 2022, https://arxiv.org/abs/2201.08698"

    substitutes: Substitutes = field(default_factory=CorpusEmbeddings)
    """Where replacement names come from."""
