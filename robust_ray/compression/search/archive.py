"""AVATAR's search: a genetic algorithm beside which an archive keeps whatever is not dominated.

Source: Shi et al., "Greening Large Language Models of Code" (AVATAR), ICSE-SEIS 2024, https://arxiv.org/abs/2309.04076.
Deviations: what the paper names without saying how, is decided here. Partially mapped crossover trades the genes
    between two cuts; its mapping, which is for permutations, would put one axis's value on another. A boundary mutation
    draws a gene anew within its bounds. A tournament is won by the first of its points that no other of them dominates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robust_ray.compression.search import design, repair
from robust_ray.compression.search.front import Front, Losses
from robust_ray.compression.student_space import StudentSpace
from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.checks import at_least_one
from robust_ray.metrics.pareto import pareto_front

CROSSED = 0.6
"""Share of pairs of parents that trade genes."""

MUTATED = 0.1
"""Chance of a gene to be drawn anew."""

TOURNAMENT = 10
"""Points, of which a parent is the best."""


class Points(NamedTuple):
    """Points, and what they cost."""

    genes: FloatArray
    losses: FloatArray

    def at(self, chosen: BoolArray) -> Points:
        """Those of a mask."""
        return Points(self.genes[chosen], self.losses[chosen])

    def and_(self, others: Points) -> Points:
        """With others, each once."""
        genes, first = np.unique(np.concatenate([self.genes, others.genes]), axis=0, return_index=True)
        return Points(genes, np.concatenate([self.losses, others.losses])[first])


def search(
    space: StudentSpace,
    losses: Losses,
    rng: np.random.Generator,
    *,
    population: int = 20,
    iterations: int = 50,
    paper_mode: bool = False,
) -> Front:
    """Breed a population, and return the archive; asks for ``population * (iterations + 1)`` losses.

    Args:
        space: To search.
        losses: What points cost.
        rng: Randomness.
        population: Points that live at a time.
        iterations: Generations.
        paper_mode: Follow the published code: a point is dominated only by one that is better in every loss, parents
            come of the last generation, and the first points are far apart by their genes as they are. By default, it
            is enough to be better in one loss and worse in none, and parents come of the archive, too.

    Raises:
        SweepError: a count is below one.
    """
    at_least_one("population", population)
    at_least_one("iterations", iterations)
    genes = design.far_apart(space, population, rng, paper_mode=paper_mode)
    living = Points(genes, losses(genes))
    archive = _kept(living, paper_mode=paper_mode)
    for _ in range(iterations):
        parents = living if paper_mode else archive.and_(living)
        children = _children(space, parents, population, rng, paper_mode=paper_mode)
        living = Points(children, losses(children))
        archive = _kept(archive.and_(living), paper_mode=paper_mode)
    return Front(genes=archive.genes, losses=archive.losses).in_order()


def _kept(points: Points, *, paper_mode: bool) -> Points:
    """What is not dominated."""
    return points.at(_undominated(points.losses, paper_mode=paper_mode))


def _undominated(losses: FloatArray, *, paper_mode: bool) -> BoolArray:
    if not paper_mode:
        return pareto_front(losses)
    is_dominated: BoolArray = np.any(np.all(losses[:, None] < losses[None], axis=2), axis=0)
    return ~is_dominated


def _children(
    space: StudentSpace, parents: Points, n: int, rng: np.random.Generator, *, paper_mode: bool
) -> FloatArray:
    """``(n, n_axes)``."""
    children: list[FloatArray] = []
    while len(children) < n:
        pair = [_winner(parents, rng, paper_mode=paper_mode) for _ in range(2)]
        if rng.random() < CROSSED:
            pair = _traded(pair[0], pair[1], rng)
        children += [repair.resampled(space, _mutated(space, child, rng), rng) for child in pair]
    return np.array(children[:n])


def _winner(points: Points, rng: np.random.Generator, *, paper_mode: bool) -> FloatArray:
    """``(n_axes,)``: of a tournament."""
    drawn = rng.choice(len(points.genes), size=min(TOURNAMENT, len(points.genes)), replace=False)
    best = _undominated(points.losses[drawn], paper_mode=paper_mode)
    winner: FloatArray = points.genes[drawn[best.argmax()]]
    return winner


def _traded(first: FloatArray, second: FloatArray, rng: np.random.Generator) -> list[FloatArray]:
    """Two children, with the genes between two cuts of the other parent."""
    low, high = np.sort(rng.choice(len(first) + 1, size=2, replace=False))
    is_between = (np.arange(len(first)) >= low) & (np.arange(len(first)) < high)
    return [np.where(is_between, second, first), np.where(is_between, first, second)]


def _mutated(space: StudentSpace, genes: FloatArray, rng: np.random.Generator) -> FloatArray:
    """``(n_axes,)``, with some genes drawn anew."""
    drawn = np.array([axis.sample(rng) for axis in space.axes])
    return np.where(rng.random(len(genes)) < MUTATED, drawn, genes)
