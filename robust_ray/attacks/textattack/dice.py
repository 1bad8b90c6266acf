"""The global random generators, lent to one example at a time.

TextAttack draws from Python's, NumPy's and torch's global generators. A row must depend on its example alone, so each
example has states of its own for them, which are in place only while its search thinks.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

_TURN = threading.Lock()
"""Whose dice lie on the table: one search thinks at a time in a process."""


class Dice:
    """What the global generators are to one example; all follows from ``rng``."""

    def __init__(self, rng: np.random.Generator) -> None:
        python, numpy, torch_ = rng.integers(2**32, size=3).tolist()
        self._states = (
            random.Random(python).getstate(),
            np.random.RandomState(numpy).get_state(),
            torch.Generator().manual_seed(torch_).get_state(),
        )

    @contextmanager
    def rolled(self) -> Iterator[None]:
        """For a while the global generators are those of the example; then they are again what they were."""
        with _TURN:
            before = _states()
            _set(self._states)
            try:
                yield
            finally:
                self._states = _states()
                _set(before)


def _states() -> tuple[Any, Any, Any]:
    return random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002


def _set(states: tuple[Any, Any, Any]) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.set_rng_state(states[2])
