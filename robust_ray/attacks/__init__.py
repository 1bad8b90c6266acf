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
    SingleAttack,
    Space,
    Steps,
    Substitutes,
    Transformation,
)
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.engine import run
from robust_ray.attacks.goals import GOALS, BleuBelow, Goal, Targeted, Untargeted
from robust_ray.attacks.published_renaming import RenameTokens, RenameTokensTogether
from robust_ray.attacks.recipes.alert import ALERT
from robust_ray.attacks.recipes.beam_attack import BeamAttack
from robust_ray.attacks.recipes.carrot import CarrotInsertion
from robust_ray.attacks.recipes.coda import CODA
from robust_ray.attacks.recipes.mhm import MHM
from robust_ray.attacks.recipes.mhm_ns import MHMNS
from robust_ray.attacks.recipes.random_renaming import RandomRenaming
from robust_ray.attacks.recipes.wir_random import WIRRandom
from robust_ray.attacks.recipes.worst_case import WorstCase
from robust_ray.attacks.searches.beam import Beam
from robust_ray.attacks.searches.genetic import Genetic
from robust_ray.attacks.searches.greedy import Greedy
from robust_ray.attacks.searches.insertion import Insertion
from robust_ray.attacks.searches.metropolis_hastings import MetropolisHastings
from robust_ray.attacks.searches.random_search import RandomSearch
from robust_ray.attacks.searches.two_phases import TwoPhases
from robust_ray.attacks.substitutes.corpus_embeddings import CorpusEmbeddings
from robust_ray.attacks.substitutes.corpus_vocabulary import CorpusVocabulary
from robust_ray.attacks.substitutes.masked_lm import MaskedLMSubstitutes
from robust_ray.attacks.substitutes.name_vectors import Embedding
from robust_ray.attacks.substitutes.random_names import RandomNames
from robust_ray.attacks.substitutes.reference_identifiers import ReferenceIdentifiers
from robust_ray.attacks.substitutes.substitutes_file import SubstitutesFile
from robust_ray.attacks.textattack import TextAttack
from robust_ray.attacks.transformations import EditStatements, RenameAndEdit, RenameIdentifiers

__all__ = [
    "ALERT",
    "ATTACKS",
    "CODA",
    "GOALS",
    "MHM",
    "MHMNS",
    "SUBSTITUTES",
    "Attack",
    "AttackRecipe",
    "Beam",
    "BeamAttack",
    "BleuBelow",
    "Candidate",
    "CarrotInsertion",
    "Constraint",
    "CorpusEmbeddings",
    "CorpusVocabulary",
    "EditStatements",
    "Embedding",
    "Genetic",
    "Goal",
    "Greedy",
    "Insertion",
    "MaskedLMSubstitutes",
    "MetropolisHastings",
    "RandomNames",
    "RandomRenaming",
    "RandomSearch",
    "ReferenceIdentifiers",
    "RenameAndEdit",
    "RenameIdentifiers",
    "RenameTokens",
    "RenameTokensTogether",
    "Scores",
    "Search",
    "SingleAttack",
    "Space",
    "Steps",
    "Substitutes",
    "SubstitutesFile",
    "Targeted",
    "TextAttack",
    "Transformation",
    "TwoPhases",
    "Untargeted",
    "Valid",
    "WIRRandom",
    "WorstCase",
    "run",
]
