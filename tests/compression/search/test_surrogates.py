"""Surrogates learn what there is to learn, and say only what can be."""

from __future__ import annotations

import numpy as np
import pytest

from robust_ray.compression.search import design, surrogates
from robust_ray.compression.student_space import AVATAR
from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError


@pytest.fixture(scope="module")
def genes() -> FloatArray:
    """Of trained students."""
    return design.latin_hypercube(AVATAR.defects, 20, np.random.default_rng(0))


def layers(genes: FloatArray) -> FloatArray:
    """What everything hangs on here."""
    return genes[:, AVATAR.defects.index("layers")]


def test_ridge_learns_a_line(genes: FloatArray) -> None:
    new = design.at_random(AVATAR.defects, 50, np.random.default_rng(1))
    told = surrogates.ridge(genes, 0.5 + layers(genes) / 30)(new)
    assert told == pytest.approx(0.5 + layers(new) / 30, abs=0.02)


def test_boosted_accuracy_is_an_accuracy(genes: FloatArray) -> None:
    accuracies = np.where(layers(genes) > 6, 1.0, 0.5)
    told = surrogates.boosted_accuracy(genes, accuracies, np.random.default_rng(0))(genes)
    assert ((told > 0) & (told < 1)).all()
    assert told[accuracies == 1].min() > 0.9 > 0.6 > told[accuracies == 0.5].max()


def test_flips_are_counts(genes: FloatArray) -> None:
    flips = np.maximum(0, 40 - 10 * layers(genes))
    told = surrogates.boosted_flips(genes, flips, np.random.default_rng(0), surrogates.GRID[:2])(genes)
    assert (told >= 0).all()
    assert np.array_equal(told, np.rint(told))
    assert np.abs(told - flips).mean() < 3


def test_the_settings_are_those_of_a_grid_search(genes: FloatArray) -> None:
    """Fewer trees are the first of more, and conditions that say nothing were left out of the grid."""
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.model_selection import GridSearchCV

    noise = np.random.default_rng(3)
    flips = np.rint(300 - genes[:, 1] / 500 + noise.normal(0, 20, len(genes)))
    rng = np.random.default_rng(5)
    trees = GradientBoostingRegressor(random_state=int(np.random.default_rng(5).integers(2**31)))
    grid = {
        "learning_rate": [0.05],
        "max_depth": [2],
        "min_samples_leaf": [1, 2, 3],
        "min_samples_split": [2, 3, 4],
        "n_estimators": [50, 100, 150],
    }
    searched = GridSearchCV(trees, grid, scoring="neg_mean_absolute_error", cv=3).fit(genes, flips)
    new = design.at_random(AVATAR.defects, 50, np.random.default_rng(1))
    told = surrogates.boosted_flips(genes, flips, rng, surrogates.GRID[:5])(new)
    assert told.tolist() == np.rint(np.maximum(searched.predict(new), 0)).tolist()


def test_too_few_students_are_refused(genes: FloatArray) -> None:
    with pytest.raises(SweepError, match="must learn from 6 trained students, but got 5; train more"):
        surrogates.boosted_flips(genes[:5], np.arange(5.0), np.random.default_rng(0))
    with pytest.raises(SweepError, match="must learn from 2 trained students, but got 1"):
        surrogates.ridge(genes[:1], np.array([0.5]))
