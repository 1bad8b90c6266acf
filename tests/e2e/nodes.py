"""Several raylets on this machine, a sweep over them, and two strangers who want in; says as JSON what came of it.

A program of its own, because whether a token is asked for is settled once a process.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from robust_ray.cli import main


def stranger(sweep: str, address: str, home: str, **token: str) -> subprocess.Popen[str]:
    """Somebody who runs a sweep without this cluster's token."""
    Path(home).mkdir(parents=True)
    known = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    command = [sys.executable, "-m", "robust_ray.cli", "run", sweep, "--address", address, "--store", f"{home}/store"]
    environment = {**known, "HOME": home, **token}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def run(sweep: str, uri: str, home: str) -> None:
    """Run a sweep on two workers with a GPU that is none, beside a head that takes no call; strangers try meanwhile."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        workers = [cluster.add_node(num_cpus=2, num_gpus=1) for _ in range(2)]
        cluster.wait_for_nodes()
        wrong = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a-wrong-token-of-a-stranger"}
        strangers = {  # whom Ray lets wait for half a minute
            "no_token": stranger(sweep, cluster.address, f"{home}/no-token"),
            "wrong_token": stranger(sweep, cluster.address, f"{home}/wrong-token", **wrong),
        }
        ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        status = main(["run", sweep, "--address", cluster.address, "--store", uri])
        places = [actor["Address"]["NodeID"] for actor in ray._private.state.actors().values()]
        ray.shutdown()
        found = {
            "status": status,
            "workers": [worker.node_id for worker in workers],
            "actors": Counter(places),
            **{who: process.communicate()[1] for who, process in strangers.items()},
        }
    finally:
        cluster.shutdown()
    print(json.dumps(found))


if __name__ == "__main__":
    run(*sys.argv[1:])
