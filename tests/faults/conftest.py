"""An undisturbed sweep to compare with, and scenes that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.faults.scene import Fake, Rows, Scene, undisturbed


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What the plan leaves when nothing goes wrong."""
    return undisturbed(Fake(), tmp_path_factory.mktemp("undisturbed") / "scene")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[[str], Scene]]:
    """Makes the scene of a dispatcher."""
    made: list[Scene] = []

    def make(on: str) -> Scene:
        made.append(Scene(tmp_path / "scene", on, np.random.default_rng(0)))
        return made[-1]

    yield make
    for each in made:
        each.close()
