"""What makes a study's proposals."""

from __future__ import annotations

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, NSGAIIISampler, NSGAIISampler, RandomSampler, TPESampler

from robust_ray.core.examples import generator
from robust_ray.search import Search

POPULATION = 12
"""Proposals in one generation of a genetic sampler. Optuna's 50 would make most searches a single, random one."""


def sampler(search: Search, number: int) -> BaseSampler:
    """What makes one proposal, by the proposal's number: all that it knows of the others it finds in the study."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # the user has chosen
        return _sampler(search, int(generator("search", search.seed, number).integers(2**31)))


def _sampler(search: Search, seed: int) -> BaseSampler:
    kind = search.sampler
    if kind == "random":
        return RandomSampler(seed=seed)
    if kind == "gp":
        return GPSampler(seed=seed, warn_independent_sampling=False)
    if kind == "tpe":  # Optuna's default: jointly for one objective, one parameter at a time for several
        return TPESampler(seed=seed, multivariate=len(search.objectives) == 1, group=len(search.objectives) == 1)
    if kind == "nsgaii":
        return NSGAIISampler(seed=seed, population_size=POPULATION)
    return NSGAIIISampler(seed=seed, population_size=POPULATION)
