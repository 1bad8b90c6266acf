"""What the searches for many losses have in common: their budget, their dice, and that they beat random search."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from robust_ray.compression.search import Front, Losses, archive, avatar_losses, evolution, morph_losses, random
from robust_ray.compression.student_space import AVATAR, StudentSpace
from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError
from robust_ray.metrics.pareto import hypervolume, pareto_front
from tests.compression.search import problem

Search = Callable[[StudentSpace, Losses, np.random.Generator], Front]


def at_random(space: StudentSpace, losses: Losses, rng: np.random.Generator) -> Front:
    """With the budget of the others."""
    return random.search(space, losses, 200, rng)


def bred(space: StudentSpace, losses: Losses, rng: np.random.Generator, *, paper_mode: bool) -> Front:
    """AGE-MOEA's."""
    pytest.importorskip("pymoo", reason="an optional extra: pip install 'robust-ray[distillers]'")
    return evolution.search(space, losses, rng, population=10, generations=20, paper_mode=paper_mode)


def kept(space: StudentSpace, losses: Losses, rng: np.random.Generator, *, paper_mode: bool) -> Front:
    """The archive's."""
    return archive.search(space, losses, rng, population=10, iterations=19, paper_mode=paper_mode)


SEARCHES = [
    pytest.param(partial(search, paper_mode=paper_mode), id=f"{search.__name__}{'-paper' if paper_mode else ''}")
    for search in (kept, bred)
    for paper_mode in (False, True)
]


@pytest.mark.parametrize("search", [*SEARCHES, pytest.param(at_random, id="random")])
class TestEverySearch:
    def test_points_are_students_with_their_losses_each_once(self, search: Search) -> None:
        front = search(problem.SPACE, problem.losses, np.random.default_rng(0))
        assert all(problem.SPACE.is_valid(genes) for genes in front.genes)
        assert len(np.unique(front.genes, axis=0)) == len(front.genes)
        assert front.losses == pytest.approx(problem.losses(front.genes))
        assert (np.diff(front.losses[:, 0]) >= 0).all()

    def test_the_dice_decide(self, search: Search) -> None:
        first, again, other = (search(problem.SPACE, problem.losses, np.random.default_rng(s)) for s in (1, 1, 2))
        assert np.array_equal(first.genes, again.genes)
        assert first.genes.shape != other.genes.shape or not np.array_equal(first.genes, other.genes)

    def test_no_more_is_asked_for_than_the_budget(self, search: Search) -> None:
        asked = []

        def losses(genes: FloatArray) -> FloatArray:
            assert all(problem.SPACE.is_valid(point) for point in genes)
            asked.append(len(genes))
            return problem.losses(genes)

        search(problem.SPACE, losses, np.random.default_rng(0))
        assert sum(asked) <= 200


def accuracy(genes: FloatArray) -> FloatArray:
    """``(n,)``: more with layers, less with dropout."""
    space = AVATAR.defects
    return 0.9 - 0.3 / genes[:, space.index("layers")] - 0.1 * genes[:, space.index("hidden_dropout")]


@pytest.mark.parametrize("search", [SEARCHES[0], SEARCHES[2]])
def test_beats_random_search(search: Search) -> None:
    losses, worst = avatar_losses(AVATAR.defects, 3.0, accuracy), (3.0, 0.5, 2.0)
    volumes = [
        [hypervolume(each(AVATAR.defects, losses, np.random.default_rng(seed)).losses, worst) for seed in range(5)]
        for each in (search, at_random)
    ]
    assert np.median(volumes[0]) > np.median(volumes[1])


def test_only_better_in_every_loss_dominates_in_paper_mode() -> None:
    losses = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0]])
    assert archive._undominated(losses, paper_mode=True).tolist() == [True, True, False]
    assert (
        archive._undominated(losses, paper_mode=False).tolist() == pareto_front(losses).tolist() == [True, False, False]
    )


def test_one_dropout_is_written_over_the_other_in_paper_mode() -> None:
    pytest.importorskip("pymoo", reason="an optional extra: pip install 'robust-ray[distillers]'")
    space = AVATAR.defects
    losses = morph_losses(space, accuracy, lambda genes: 100 * genes[:, space.index("attention_dropout")])
    front = evolution.search(space, losses, np.random.default_rng(0), population=10, generations=3, paper_mode=True)
    assert np.array_equal(
        front.genes[:, space.index("attention_dropout")], front.genes[:, space.index("hidden_dropout")]
    )


def test_losses_are_those_of_the_papers() -> None:
    space = AVATAR.defects
    genes = np.array([space.sample(np.random.default_rng(0))])
    student = space.student(genes[0])
    mb, gflops, wrong = space.size_mb(student), space.flops(student) / 1e9, 1 - accuracy(genes)[0]
    assert avatar_losses(space, 3.0, accuracy)(genes)[0] == pytest.approx([abs(mb - 3), wrong, gflops])
    flips = morph_losses(space, accuracy, lambda points: np.full(len(points), 7.0))(genes)[0]
    assert flips == pytest.approx([mb, 7.0, gflops, wrong])


def test_counts_below_one_are_refused() -> None:
    with pytest.raises(SweepError, match="`iterations >= 1` must hold"):
        archive.search(problem.SPACE, problem.losses, np.random.default_rng(0), iterations=0)
