"""Compressor's search: the student of a given size that computes most.

Source: Shi et al., "Compressing Pre-trained Models of Code into 3 MB" (Compressor), ASE 2022,
https://doi.org/10.1145/3551349.3556964; the released ``searcher.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from robust_ray.compression.search import repair
from robust_ray.compression.search.front import need_pairs
from robust_ray.compression.student_space import StudentSpace
from robust_ray.core.arrays import FloatArray
from robust_ray.core.checks import at_least_one

Fitness = Callable[["Genome"], float]
CROSSED = 0.6
"""Share of children with two parents."""

CHANGED = 0.4
"""Chance of a gene to change in a mutation."""

NEAR = 0.8
"""Share of changes that lead to one of the nearest values."""

PATIENCE = 100
"""Mutations of a point that lives already, until it is given up to find another; a small space may have none."""

REACH = 3
"""Steps that a near value lies away at most."""


@dataclass(frozen=True)
class Genome:
    """A point of the space as the population holds it: hashable."""

    genes: tuple[float, ...]
    order: tuple[int, ...]
    """Axes as the released code lists them, which is how far a mutation there reaches."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The fittest student, and how it was come to."""

    genes: FloatArray
    """``(n_axes,)``."""

    fitness: float
    """Of the point."""

    history: FloatArray
    """``(restarts, generations)``: the best fitness that each population had come to after each generation."""


def fitness(space: StudentSpace, genes: FloatArray | tuple[float, ...], target_mb: float) -> float:
    """Billions of operations, less the megabytes that the size is off the target; ``-inf`` where there is no student.

    Args:
        space: In which the point lies.
        genes: ``(n_axes,)``.
        target_mb: Megabytes (10^6 bytes) of parameters of four bytes.
    """
    if not space.is_valid(genes):
        return -np.inf
    student = space.student(genes)
    return space.flops(student) / 1e9 - abs(target_mb - space.size_mb(student))


def search(
    space: StudentSpace,
    target_mb: float,
    rng: np.random.Generator,
    *,
    population: int = 50,
    generations: int = 100,
    restarts: int = 10,
    paper_mode: bool = False,
) -> Found:
    """Breed several populations, one after the other, and return the fittest student of all.

    A child has two parents or is a mutation of one; the best of parents and children live on.

    Args:
        space: To search.
        target_mb: Size of the student, in megabytes.
        rng: Randomness.
        population: Points that live at a time.
        generations: Of each population.
        restarts: Populations; the released code breeds ten.
        paper_mode: Follow the released code: two parents give two children, cut at one place; a mutation draws anew
            every gene from one place on, never the value it had.

    Raises:
        SweepError: a count is below one.

    Deviations: by default, a child takes each gene from either parent, a mutation changes some genes, mostly by few
        steps, and what is no student is mended.
    """
    need_pairs(population)
    at_least_one("generations", generations)
    at_least_one("restarts", restarts)
    known: dict[tuple[float, ...], float] = {}

    def fit(genome: Genome) -> float:
        if genome.genes not in known:
            known[genome.genes] = fitness(space, genome.genes, target_mb)
        return known[genome.genes]

    bred = [
        _breed(space, fit, rng, population=population, generations=generations, paper_mode=paper_mode)
        for _ in range(restarts)
    ]
    best = max((genome for genome, _ in bred), key=fit)
    return Found(genes=np.array(best.genes), fitness=fit(best), history=np.array([history for _, history in bred]))


def _breed(
    space: StudentSpace,
    fit: Fitness,
    rng: np.random.Generator,
    *,
    population: int,
    generations: int,
    paper_mode: bool,
) -> tuple[Genome, list[float]]:
    """The fittest of one population, and the best fitness after each generation."""
    mutate = _redrawn if paper_mode else _stepped
    listed = (len(space.axes) - 1, *range(len(space.axes) - 1))
    living: dict[tuple[float, ...], Genome] = {}

    def add(genome: Genome) -> None:
        for _ in range(PATIENCE):
            if genome.genes not in living:
                break
            genome = mutate(space, genome, rng)
        living[genome.genes] = genome

    for _ in range(population):
        add(Genome(tuple(_drawn(space, rng, paper_mode=paper_mode)), listed))
    history = []
    for _ in range(generations):
        parents = list(living.values())
        children: list[Genome] = []
        while len(children) < population:
            pair = [parents[i] for i in rng.choice(len(parents), size=2, replace=len(parents) < 2)]
            is_crossed = rng.random() < CROSSED
            if paper_mode:
                children += _cut(pair, rng) if is_crossed else [mutate(space, parent, rng) for parent in pair]
            else:
                children.append(_mixed(space, pair, rng) if is_crossed else mutate(space, pair[0], rng))
        for child in children:
            add(child)
        survivors = sorted(living.values(), key=fit, reverse=True)[:population]
        living = {genome.genes: genome for genome in survivors}
        history.append(fit(survivors[0]))
    return survivors[0], history


def _drawn(space: StudentSpace, rng: np.random.Generator, *, paper_mode: bool) -> FloatArray:
    return np.array([axis.sample(rng) for axis in space.axes]) if paper_mode else space.sample(rng)


def _cut(parents: list[Genome], rng: np.random.Generator) -> list[Genome]:
    """Two children: the first genes of one parent, in the order of the axes, and the last of the other."""
    first, second = (parent.genes for parent in parents)
    at = int(rng.integers(1, max(len(first), 2)))
    order = tuple(range(len(first)))
    return [Genome(first[:at] + second[at:], order), Genome(second[:at] + first[at:], order)]


def _redrawn(space: StudentSpace, genome: Genome, rng: np.random.Generator) -> Genome:
    """With another value for every gene from one on, in the order in which they are listed."""
    genes = list(genome.genes)
    for i in genome.order[int(rng.integers(len(genes))) :]:
        axis = space.axes[i]
        if axis.count > 1:
            place, drawn = round((genes[i] - axis.low) / axis.step), int(rng.integers(axis.count - 1))
            genes[i] = axis.gene_at(drawn + (drawn >= place))
    return Genome(tuple(genes), genome.order)


def _mixed(space: StudentSpace, parents: list[Genome], rng: np.random.Generator) -> Genome:
    """Each gene of either parent."""
    takes_first = rng.random(len(space.axes)) < 0.5
    genes = np.where(takes_first, parents[0].genes, parents[1].genes)
    return Genome(tuple(repair.nearest(space, genes)), parents[0].order)


def _stepped(space: StudentSpace, genome: Genome, rng: np.random.Generator) -> Genome:
    """With some genes a few steps away, and others anywhere; one at least."""
    changes = rng.random(len(space.axes)) < CHANGED
    changes[rng.integers(len(changes))] = True
    genes = np.array(genome.genes)
    for i in np.flatnonzero(changes):
        axis = space.axes[i]
        if rng.random() < NEAR:
            steps = int(rng.integers(1, REACH + 1)) * int(rng.choice((-1, 1)))
            genes[i] = axis.snap(genes[i] + steps * axis.step)
        else:
            genes[i] = axis.sample(rng)
    return Genome(tuple(repair.nearest(space, genes)), genome.order)
