"""A search gets over whatever goes wrong, and finds what it would have found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.faults import faults, mischief
from tests.faults.hunting import TRIALS, Hunt
from tests.faults.scene import Rows, Scene, undisturbed


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What the search leaves when nothing goes wrong."""
    return undisturbed(Hunt(), tmp_path_factory.mktemp("undisturbed") / "scene")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Where it is disturbed."""
    made = Scene(tmp_path / "scene", "search", np.random.default_rng(0), Hunt())
    yield made
    made.close()


def test_every_proposal_of_a_search_ends(found: Rows) -> None:
    assert len(found["study"]) == TRIALS
    assert {trial["state"] for trial in found["study"]} <= {"COMPLETE", "PRUNED"}


@pytest.mark.parametrize("starts", [1, 7, 23])
def test_a_driver_killed_amid_a_search(starts: int, scene: Scene, found: Rows) -> None:
    scene.start()
    scene.watch(starts)
    faults.kill_driver(scene)
    assert scene.wait() == -9
    scene.start()
    assert scene.finish() == 0
    scene.check(found)


def test_a_passing_error_of_a_disk_and_workers_that_die_amid_a_search(scene: Scene, found: Rows) -> None:
    scene.start()
    for kind in (mischief.TROUBLE, "kill", "write-2"):
        scene.watch(8)
        mischief.plant(scene.troubles, kind)
    assert scene.finish() == 0
    assert list(scene.troubles.iterdir()) == []
    scene.check(found)


def test_a_store_that_is_away_for_a_while_amid_a_search(scene: Scene, found: Rows) -> None:
    scene.start()
    scene.watch(9)
    faults.hide_store(scene)
    scene.finish()
    scene.check(found)
