from __future__ import annotations

import numpy as np

from robust_ray.attacks import Targeted, Untargeted

PROBABILITIES = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])


def test_untargeted_wants_any_other_class() -> None:
    np.testing.assert_allclose(Untargeted().score(PROBABILITIES, 0), [0.4, 0.8, 0.9])
    assert Untargeted().achieved(PROBABILITIES, 0).tolist() == [False, True, True]


def test_targeted_wants_one_class() -> None:
    np.testing.assert_allclose(Targeted(2).score(PROBABILITIES, 0), [0.1, 0.3, 0.7])
    assert Targeted(2).achieved(PROBABILITIES, 0).tolist() == [False, False, True]
