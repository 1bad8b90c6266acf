"""Attacks on models of code: the grammar, the engine that runs it, and the recipes from the literature."""

from __future__ import annotations

from robust_ray.attacks.base import (
    ATTACKS,
    SUBSTITUTES,
    Attack,
    AttackRecipe,
    Candidate,
    Constraint,
    Scores,
    Search,
    Space,
    Steps,
    Substitutes,
    Transformation,
)
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.engine import run
from robust_ray.attacks.goals import GOALS, BleuBelow, Goal, Targeted, Untargeted
from robust_ray.attacks.greedy import Greedy
from robust_ray.attacks.metropolis_hastings import MetropolisHastings
from robust_ray.attacks.mhm import MHM
from robust_ray.attacks.substitutes import CorpusVocabulary
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.attacks.wir_random import WIRRandom

__all__ = [
    "ATTACKS",
    "GOALS",
    "MHM",
    "SUBSTITUTES",
    "Attack",
    "AttackRecipe",
    "BleuBelow",
    "Candidate",
    "Constraint",
    "CorpusVocabulary",
    "Goal",
    "Greedy",
    "MetropolisHastings",
    "RenameIdentifiers",
    "Scores",
    "Search",
    "Space",
    "Steps",
    "Substitutes",
    "Targeted",
    "Transformation",
    "Untargeted",
    "Valid",
    "WIRRandom",
    "run",
]
