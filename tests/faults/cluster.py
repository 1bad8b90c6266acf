"""A Ray cluster of several raylets on this machine, which may die and are replaced."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from ray.cluster_utils import Cluster

from tests.faults.scene import ROOT

QUICKLY = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
"""A dead node is one that has been silent for two seconds; by default it takes five times as long."""


class Nodes:
    """A head that takes no work, and a worker node of one core."""

    _cluster: Any
    _worker: Any

    def __init__(self) -> None:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._start()

    @property
    def address(self) -> str:
        """Where drivers find the head."""
        return str(self._cluster.address)

    def lose_node(self) -> None:
        """Kill -9 the worker node: its raylet first, as that is what others hear of; then start another."""
        self._kill(self._worker)
        self._worker = self._cluster.add_node(num_cpus=1)

    def lose_head(self) -> None:
        """Kill -9 every process of every node, then start another cluster."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """End it, as abruptly."""
        for node in (self._cluster.head_node, self._worker):
            self._kill(node)

    def _start(self) -> None:
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "include_dashboard": False, "_system_config": QUICKLY},
        )
        self._worker = self._cluster.add_node(num_cpus=1)

    @staticmethod
    def _kill(node: Any) -> None:
        with suppress(ProcessLookupError):
            node.kill_all_processes(check_alive=False, allow_graceful=False)
