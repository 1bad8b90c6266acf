"""What makes a study's proposals."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    PartialFixedSampler,
    RandomSampler,
    TPESampler,
)

from robust_ray.core.examples import generator
from robust_ray.search import BRANCH, Search

POPULATION = 12
"""Proposals in one generation of a genetic sampler. Optuna's 50 would make most searches a single, random one."""

PRIOR_WEIGHT = 0.1
"""Of the even odds that TPE mixes into what it has learnt, where one good proposal weighs 1. Optuna's 1.0 suits
hundreds of proposals: TPE takes a tenth of them for good, so after a few dozen a third of its guesses would be chance.
``benchmarks/search_quality.py`` measures what that is worth."""


def sampler(search: Search, number: int, *, untried: Sequence[str] = (), after_repeat: bool = False) -> BaseSampler:
    """What makes one proposal: all that it knows of the others it finds in the study.

    Every sampler but the random one first tries each branch of the space once: it would else learn of some branches
    late, and of none before it has spent a tenth of most searches' proposals on chance.

    Args:
        search: What the sweep asks for.
        number: The proposal's.
        untried: Branches of the space that no proposal before it is on.
        after_repeat: Whether the proposal before it had been made earlier.
    """
    dice = generator("search", search.seed, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # the user has chosen
        warnings.simplefilter("ignore", FutureWarning)  # Optuna 6 will not take `prior_weight`: hence optuna < 6
        drawn = _sampler(search, int(dice.integers(2**31)), after_repeat)
        if not untried or len(search.space) == 1 or search.sampler == "random":
            return drawn
        return PartialFixedSampler({BRANCH: untried[int(dice.integers(len(untried)))]}, drawn)


def _sampler(search: Search, seed: int, after_repeat: bool) -> BaseSampler:
    kind = search.sampler
    if kind == "random" or (kind == "gp" and after_repeat):  # its best guess stays what it was: leave it for once
        return RandomSampler(seed=seed)
    if kind == "gp":
        return GPSampler(seed=seed, deterministic_objective=True, warn_independent_sampling=False)
    if kind == "tpe":  # Optuna's default: jointly for one objective, one parameter at a time for several
        jointly = len(search.objectives) == 1
        return TPESampler(seed=seed, multivariate=jointly, group=jointly, prior_weight=PRIOR_WEIGHT)
    if kind == "nsgaii":
        return NSGAIISampler(seed=seed, population_size=POPULATION)
    return NSGAIIISampler(seed=seed, population_size=POPULATION)
