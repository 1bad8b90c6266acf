"""A sweep on a Ray cluster gets over whatever goes wrong, the death of nodes, driver and head included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from robust_ray.store import Store
from tests.faults import faults, mischief
from tests.faults.scene import Rows, Scene

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two raylets, of which a driver takes seconds instead of a minute to believe that the head is dead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "5")
        patch.setenv("ROBUST_RAY_WORK", str(tmp_path_factory.mktemp("work")))
        patch.setenv("PYTHONPATH", "")
        from tests.faults.cluster import Nodes

        made = Nodes()
        yield made
        made.stop()


@pytest.fixture
def struck(scene: Callable[[str], Scene], nodes: Any) -> Scene:
    """A scene on the cluster."""
    made = scene("ray")
    made.address, made.cluster = nodes.address, nodes
    return made


def test_workers_and_a_node_that_die(struck: Scene, expected: Rows) -> None:
    for kind in (*mischief.ANYWHERE, *mischief.VICTIMS, "always-kill"):
        mischief.plant(struck.troubles, kind)
    struck.start()
    struck.watch(16)
    faults.kill_node(struck)
    assert struck.finish() == 0
    struck.check(expected)
    assert len(mischief.cursed(struck.troubles)) == len(list(struck.troubles.iterdir())) == 1


def test_a_driver_and_a_head_that_die(struck: Scene, expected: Rows, nodes: Any) -> None:
    """What a dead cluster has left is for another dispatcher, if need be."""
    struck.start()
    struck.watch(5)
    faults.kill_driver(struck)
    assert struck.wait() == -9
    struck.start()
    struck.watch(3)
    nodes.stop()
    assert struck.wait() != 0
    before = Store.open(str(struck.store)).present()
    assert len(before) >= 5
    struck.on, struck.address = "serial", None
    struck.start()
    assert struck.finish() == 0
    struck.check(expected)
