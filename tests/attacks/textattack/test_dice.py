from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from robust_ray.attacks.textattack.dice import Dice

pytestmark = pytest.mark.torch


def throw() -> tuple[float, float, float]:
    return random.random(), np.random.random(), torch.rand(()).item()  # noqa: NPY002


def test_throws_depend_on_the_generator_given_and_on_nothing_else() -> None:
    def throws(n: int) -> list[tuple[float, float, float]]:
        dice = Dice(np.random.default_rng(0))
        seen = []
        for _ in range(n):
            throw()
            with dice.rolled():
                seen.append(throw())
        return seen

    assert throws(3) == throws(3)
    assert len(set(throws(3))) == 3


def test_the_process_throws_as_if_nothing_had_been() -> None:
    python, numpy, torch_ = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    with Dice(np.random.default_rng(0)).rolled():
        throw()
    assert random.getstate() == python
    assert str(np.random.get_state()) == str(numpy)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_)
