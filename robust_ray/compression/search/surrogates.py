"""What students that were not trained would be like, told from those that were.

Sources: AVATAR, Shi et al., ICSE-SEIS 2024, https://arxiv.org/abs/2309.04076 (ridge); MORPH, Panichella, ICSE 2025
(boosted trees).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError

Prediction = Callable[[FloatArray], FloatArray]
"""Points ``(n, n_axes)`` → one number for each ``(n,)``."""

FOLDS = 3
"""Parts of the trained students, each predicted from the others."""

CERTAIN = 1e-3
"""How near to 0 and 1 an accuracy may come, before it is taken for this."""

TREES = (50, 100, 150)
"""How many trees the prediction of flips may take."""

GRID: tuple[Mapping[str, float], ...] = tuple(
    {"learning_rate": rate, "max_depth": depth, "min_samples_leaf": leaf, "min_samples_split": split}
    for rate in (0.05, 0.10, 0.15, 0.20, 0.25)
    for depth in (2, 3, 4, 5)
    for leaf, split in ((1, 2), (1, 3), (1, 4), (2, 2), (3, 2))
)
"""What else it chooses among: MORPH's, each tree once. A node with two leaves of two examples has four, so that it says
nothing there that a node must have two, three or four to be split."""


def ridge(genes: FloatArray, accuracies: FloatArray) -> Prediction:
    """AVATAR's: Bayesian ridge regression on the genes as they are.

    Args:
        genes: ``(n, n_axes)`` of trained students.
        accuracies: ``(n,)``.

    Raises:
        SweepError: there are fewer than two students.
    """
    from sklearn.linear_model import BayesianRidge

    _enough(genes, 2)
    model = BayesianRidge().fit(genes, accuracies)
    return lambda points: np.asarray(model.predict(points), dtype=np.float64)


def boosted_accuracy(genes: FloatArray, accuracies: FloatArray, rng: np.random.Generator) -> Prediction:
    """MORPH's: boosted trees for the logit of accuracy, so that what they say is an accuracy.

    Args:
        genes: ``(n, n_axes)`` of trained students.
        accuracies: ``(n,)``, in [0, 1].
        rng: Randomness, which decides between splits that are equally good.

    Raises:
        SweepError: there are fewer than two students.

    Deviations: genes are not standardized first, which changes no tree.
    """
    from scipy.special import expit, logit
    from sklearn.ensemble import GradientBoostingRegressor

    _enough(genes, 2)
    model = GradientBoostingRegressor(random_state=_seed(rng))
    model.fit(genes, logit(np.clip(accuracies, CERTAIN, 1 - CERTAIN)))
    return lambda points: np.asarray(expit(model.predict(points)), dtype=np.float64)


def boosted_flips(
    genes: FloatArray, flips: FloatArray, rng: np.random.Generator, grid: Sequence[Mapping[str, float]] = GRID
) -> Prediction:
    """MORPH's: boosted trees for the number of predictions that rewriting a program turns; a whole number, 0 at least.

    Args:
        genes: ``(n, n_axes)`` of trained students.
        flips: ``(n,)`` counts.
        rng: Randomness, which decides between splits that are equally good.
        grid: Settings of trees to choose among, and with each how many; by the mean absolute error on thirds held out.
            The paper's are fitted 300 times, which takes a quarter of a minute.

    Raises:
        SweepError: there are fewer than two students for a third.

    Deviations: genes are not standardized first, which changes no tree; fewer trees are the first of more.
    """
    from sklearn.ensemble import GradientBoostingRegressor

    _enough(genes, 2 * FOLDS)
    seed = _seed(rng)
    errors = np.array([_errors(genes, flips, settings, seed) for settings in grid])
    best, trees = divmod(int(errors.argmin()), len(TREES))
    model = GradientBoostingRegressor(n_estimators=TREES[trees], random_state=seed, **grid[best]).fit(genes, flips)
    return lambda points: np.asarray(np.rint(np.maximum(model.predict(points), 0.0)), dtype=np.float64)


def _errors(genes: FloatArray, flips: FloatArray, settings: Mapping[str, float], seed: int) -> FloatArray:
    """``(len(TREES),)`` mean absolute errors on held-out parts, one for each number of trees."""
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.model_selection import KFold

    errors = []
    for train, test in KFold(FOLDS).split(genes):
        model = GradientBoostingRegressor(n_estimators=max(TREES), random_state=seed, **settings)
        staged = list(model.fit(genes[train], flips[train]).staged_predict(genes[test]))
        errors.append([np.abs(staged[trees - 1] - flips[test]).mean() for trees in TREES])
    return np.asarray(np.mean(errors, axis=0), dtype=np.float64)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _enough(genes: FloatArray, least: int) -> None:
    if len(genes) < least:
        raise SweepError(f"a surrogate must learn from {least} trained students, but got {len(genes)}; train more")
