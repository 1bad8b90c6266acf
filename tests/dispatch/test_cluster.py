"""A cluster may lose nodes, have none that a call needs, or not start: no call is given up for it, and nobody waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from socket import gethostname

import pytest

from robust_ray.core.call import StageCall
from robust_ray.core.errors import SweepError
from robust_ray.dispatch import Counts, Outcome, Settings, Shape
from robust_ray.store import Store
from tests.dispatch.fakes import Break, Look, call, small_plan
from tests.faults.cluster import Nodes

pytestmark = pytest.mark.ray


class Thief:
    """Takes the node of the first call away."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._has_taken = False

    def on_start(self, call: StageCall) -> None:
        if not self._has_taken:
            self._has_taken = True
            self._nodes.lose_node()

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        pass

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        pass


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """A head on which the driver is, and a worker node of one core."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", "")
        found = Nodes()
        yield found
        found.stop()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty one."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    return Store.open(str(tmp_path / "store"))


def test_a_node_that_is_taken_away_costs_no_attempt(nodes: Nodes, store: Store) -> None:
    from robust_ray.dispatch import tune

    assert tune.run([call(Look())], store, Settings(retries=0), progress=Thief(nodes), address=nodes.address).ok
    lost, _ = sorted(store.runs(), key=lambda run: run.started)
    assert lost.error == f"the worker was lost with its node, {gethostname()}"


def test_the_last_word_is_heard_on_another_node(nodes: Nodes, store: Store, tmp_path: Path) -> None:
    from robust_ray.dispatch import tune

    crashing = call(Break(marks=str(tmp_path), how="crash"))
    ((_, error),) = tune.run([crashing], store, Settings(retries=0), address=nodes.address).failures
    assert error.startswith(f"the worker died on {gethostname()}: Segmentation fault, in run (")


def test_what_no_node_has_is_waited_for_a_while_once_nothing_else_is_left(
    nodes: Nodes, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from robust_ray.dispatch import crew, tune

    monkeypatch.setattr(crew, "LATE", 1.0)
    calls = small_plan(students=1)
    settings = Settings(shapes={"fidelity": Shape(2)})
    with pytest.raises(
        SweepError,
        match=r"a node must have the 2 CPU and 0 GPU that a call is to hold, but those of the cluster have 0 CPU and"
        r" 0 GPU; 1 CPU and 0 GPU, and none is on its way; lower what `resources` asks for",
    ):
        tune.run(calls, store, settings, address=nodes.address)
    assert store.present() == {each.key for each in calls[:-1]}


def test_a_ray_that_does_not_start_is_said_in_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    from robust_ray.dispatch import tune

    def late(**options: object) -> None:
        raise Exception("The current node timed out during startup.")  # as Ray does

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "init", late)
    with pytest.raises(SweepError, match=r"a Ray must start on this machine, but got: The current node timed out"):
        tune.run(small_plan(), store, Settings())
