"""A front holds each point once, and the one to train is found by its size."""

from __future__ import annotations

import numpy as np
import pytest

from robust_ray.compression.search import Front
from tests.compression.search.problem import SPACE


@pytest.fixture
def genes() -> np.ndarray:
    """Of four students, each wider than the one before."""
    return np.array([[1.0, width, 32.0, 1.0, 256.0, 1000.0] for width in (16.0, 24.0, 32.0, 40.0)])


def test_points_stand_once_and_none_dominates_another(genes: np.ndarray) -> None:
    losses = np.array([[1.0, 4.0], [2.0, 2.0], [3.0, 3.0], [0.5, 5.0]])
    front = Front.of(np.concatenate([genes, genes]), np.concatenate([losses, losses]))
    assert front.losses.tolist() == [[0.5, 5.0], [1.0, 4.0], [2.0, 2.0]]
    assert front.genes[:, 1].tolist() == [40.0, 16.0, 24.0]


def test_nearest_looks_at_size_alone(genes: np.ndarray) -> None:
    front = Front(genes=genes, losses=np.array([[1.0], [9.0], [1.0], [1.0]]))
    target = SPACE.size_mb(SPACE.student(genes[1])) + 1e-3
    assert front.nearest(SPACE, target).tolist() == genes[1].tolist()


def test_compromise_is_good_for_all_among_those_about_as_large(genes: np.ndarray) -> None:
    front = Front(genes=genes, losses=np.array([[0.0, 100.0], [5.0, 5.0], [10.0, 0.0], [0.0, 0.0]]))
    sizes = [SPACE.size_mb(SPACE.student(point)) for point in genes]
    within = (sizes[2] - sizes[0]) / 2 + 1e-3
    assert front.compromise(SPACE, (sizes[0] + sizes[2]) / 2, within).tolist() == genes[1].tolist()


def test_compromise_takes_the_nearest_where_none_is_near(genes: np.ndarray) -> None:
    front = Front(genes=genes, losses=np.array([[0.0], [1.0], [2.0], [3.0]]))
    assert front.compromise(SPACE, 50.0, 0.1).tolist() == genes[3].tolist()
