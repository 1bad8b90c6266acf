"""Compressor's search comes to what was published, and in paper mode breeds as published."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robust_ray.compression.search import genetic
from robust_ray.compression.search.genetic import Genome
from robust_ray.compression.student_space import (
    COMPRESSOR,
    COMPRESSOR_3MB,
    COMPRESSOR_25MB,
    COMPRESSOR_50MB,
    Axis,
    StudentSpace,
)
from robust_ray.core.errors import SweepError
from robust_ray.models.compact_roberta import CompactRoberta
from tests.compression.search.problem import SPACE, students

PUBLISHED = {3.0: COMPRESSOR_3MB, 25.0: COMPRESSOR_25MB, 50.0: COMPRESSOR_50MB}


def published_fitness(target_mb: float) -> float:
    """Of the published student, also where it lies outside the space."""
    space, student = COMPRESSOR.clones, PUBLISHED[target_mb].clones
    return space.flops(student) / 1e9 - abs(target_mb - space.size_mb(student))


@pytest.mark.parametrize("target_mb", PUBLISHED)
def test_comes_to_the_published_fitness(target_mb: float) -> None:
    found = genetic.search(COMPRESSOR.clones, target_mb, np.random.default_rng(0), restarts=4)
    assert found.fitness >= published_fitness(target_mb)
    assert found.history.shape == (4, 100)
    assert found.fitness == found.history.max()
    assert found.fitness == genetic.fitness(COMPRESSOR.clones, found.genes, target_mb)


@pytest.mark.parametrize("target_mb", [25.0, 50.0])
def test_paper_mode_comes_to_the_published_fitness(target_mb: float) -> None:
    found = genetic.search(COMPRESSOR.clones, target_mb, np.random.default_rng(0), restarts=3, paper_mode=True)
    assert found.fitness >= published_fitness(target_mb)


def test_the_published_student_of_3_mb_is_the_fittest_of_all() -> None:
    """So the search can only come to it, not beyond: no step along one or two axes is better, nor is what it finds."""
    space, best = COMPRESSOR.clones, published_fitness(3.0)
    for neighbour in space.neighbours(space.genes(COMPRESSOR_3MB.clones)):
        assert max(genetic.fitness(space, again, 3.0) for again in space.neighbours(neighbour)) <= best
        assert genetic.fitness(space, neighbour, 3.0) < best


def test_finds_the_fittest_of_a_small_space() -> None:
    found = genetic.search(SPACE, 0.7, np.random.default_rng(0), population=20, generations=30, restarts=3)
    assert found.fitness == max(genetic.fitness(SPACE, genes, 0.7) for genes in students(SPACE))


@pytest.mark.parametrize("paper_mode", [False, True])
def test_the_dice_decide_and_a_best_is_never_lost(paper_mode: bool) -> None:
    def run(seed: int) -> genetic.Found:
        rng = np.random.default_rng(seed)
        return genetic.search(SPACE, 0.7, rng, population=6, generations=8, restarts=2, paper_mode=paper_mode)

    assert np.array_equal(run(1).history, run(1).history)
    assert not np.array_equal(run(1).history, run(2).history)
    assert (np.diff(run(1).history, axis=1) >= 0).all()
    assert SPACE.is_valid(run(1).genes)


def test_a_published_mutation_changes_every_gene_from_one_on() -> None:
    space, rng = COMPRESSOR.clones, np.random.default_rng(0)
    genome = Genome(tuple(space.genes(CompactRoberta())), (4, 0, 1, 2, 3))
    for _ in range(100):
        mutant = genetic._redrawn(space, genome, rng)
        changed = [mutant.genes[i] != genome.genes[i] for i in genome.order]
        assert changed == sorted(changed)
        assert changed[-1]


def test_a_published_crossover_cuts_at_one_place() -> None:
    parents = [Genome((1.0,) * 5, (4, 0, 1, 2, 3)), Genome((2.0,) * 5, (4, 0, 1, 2, 3))]
    for seed in range(20):
        first, second = genetic._cut(parents, np.random.default_rng(seed))
        assert first.genes in {(1.0,) * i + (2.0,) * (5 - i) for i in range(1, 5)}
        assert [x + y for x, y in zip(first.genes, second.genes, strict=True)] == [3.0] * 5
        assert first.order == (0, 1, 2, 3, 4)


def test_a_space_may_be_smaller_than_a_population() -> None:
    space = replace(SPACE, axes=SPACE.axes[-1:])
    found = genetic.search(space, 0.0, np.random.default_rng(0), population=10, generations=2, restarts=1)
    assert found.genes.tolist() in [[1000.0], [2000.0], [3000.0], [4000.0], [5000.0]]
    one = StudentSpace(axes=(Axis(field="layers", low=2, high=2),), base=CompactRoberta())
    for paper_mode in (False, True):
        rng = np.random.default_rng(0)
        assert genetic.search(one, 1.0, rng, generations=2, restarts=1, paper_mode=paper_mode).genes.tolist() == [2.0]


def test_too_small_counts_are_refused() -> None:
    with pytest.raises(SweepError, match="`population >= 2` must hold, but got 1"):
        genetic.search(SPACE, 1.0, np.random.default_rng(0), population=1)
    with pytest.raises(SweepError, match="`restarts >= 1` must hold"):
        genetic.search(SPACE, 1.0, np.random.default_rng(0), restarts=0)
