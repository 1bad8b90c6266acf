"""A sweep on one machine gets over whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from robust_ray.store import Store
from tests.faults import faults, mischief
from tests.faults.scene import Rows, Scene

Make = Callable[[str], Scene]


def failed(scene: Scene) -> list[str]:
    """What went wrong in each attempt that failed, a line each."""
    runs = Store.open(str(scene.store)).runs()
    return sorted(str(run.error) for run in runs if run.outcome == "failed")


def test_workers_that_die_hang_and_lie(scene: Make, expected: Rows) -> None:
    suffering = scene("serial")
    for kind in (*mischief.ANYWHERE, *mischief.VICTIMS):
        mischief.plant(suffering.troubles, kind)
    suffering.start()
    assert suffering.finish() == 0
    suffering.check(expected)
    died = [f"the worker died with status {-number}" for number in (11, 9, 9, 9, 9)]
    assert failed(suffering) == [
        "RuntimeError: the attack broke on every example, first with: "
        "ValueError: the victim answered with a probability that is not a number",
        "RuntimeError: the device is lost",
        "the call must end within 8 s, but did not; mend what hangs, or raise its limit in `time_limits`",
        *died,
    ]
    assert all(run.seconds >= 0 for run in Store.open(str(suffering.store)).runs())
    assert list(suffering.troubles.iterdir()) == []


def test_a_driver_that_an_example_kills_gets_over_it_when_started_again(scene: Make, expected: Rows) -> None:
    """Without time limits calls run in the driver itself, until one has ended it."""
    struck = scene("unlimited")
    mischief.plant(struck.troubles, "always-kill")
    struck.start()
    assert struck.finish() == 1
    struck.check(expected)
    assert failed(struck) == ["the worker died with status -11"] * 3


def test_a_killed_driver_and_damaged_files(scene: Make, expected: Rows) -> None:
    """Damage is found by whoever reads next: a later call, or the same command again."""
    struck = scene("serial")
    struck.start()
    struck.watch(10)
    faults.flip_checkpoint(struck)
    struck.watch(3)
    faults.kill_driver(struck)
    assert struck.wait() == -9
    faults.flip_rows(struck)
    faults.cut_rows(struck)
    struck.start()
    struck.finish()
    struck.check(expected)


def test_a_store_that_is_away_for_a_while(scene: Make, expected: Rows) -> None:
    waiting = scene("serial")
    waiting.start()
    waiting.watch(8)
    faults.hide_store(waiting)
    assert waiting.finish() == 0
    waiting.check(expected)


def test_a_disk_that_is_full_for_a_while(scene: Make, expected: Rows) -> None:
    waiting = scene("serial")
    with ExitStack() as stack:
        try:
            stack.enter_context(faults.small_disk(waiting.disk))
        except PermissionError as error:
            pytest.skip(f"a small disk cannot be mounted here: {error}")
        waiting.start()
        waiting.watch(8)
        faults.fill(waiting.disk)
        waiting.finish()
        waiting.check(expected)
