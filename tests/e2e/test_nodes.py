"""A sweep over several nodes into a bucket: as on one machine, only for who has the token, silent about secrets."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.fs
import pytest
import yaml

from analysis.load import load as load_rows
from robust_ray.cli import main
from robust_ray.core.records import AttackRecord
from robust_ray.store import Store, from_table
from tests import bucket as buckets

pytestmark = [pytest.mark.torch, pytest.mark.ray, pytest.mark.timeout(900)]  # three raylets on a busy machine

ROOT = Path(__file__).parents[2]
TOKEN = "the-token-of-the-cluster-in-tests"
SWEEP: dict[str, Any] = {
    "name": "nodes",
    "models": [
        {"type": "scratch_roberta", "layers": 1, "hidden": 16, "heads": 2, "intermediate": 16, "vocabulary": 300}
    ],
    "tasks": [{"type": "defect_detection", "data": "embedded", "max_train": 200}],
    "training": {"epochs": 1, "batch_size": 16, "learning_rate": 4e-3, "max_length": 64},
    "compressions": ["none"],
    "attacks": [{"type": "wir_random", "candidates": 3, "query_budget": 8, "substitutes": "random_names"}],
    "examples": {"evaluate": 20, "attack": 8, "shard": 2},
    "resources": {"attack": {"cpu": 1, "gpu": 1}},
}


class Ran(NamedTuple):
    """A sweep that was run on a cluster."""

    sweep: Path
    """Its file."""

    uri: str
    """Address of its store in a bucket."""

    said: str
    """All that was printed."""

    found: dict[str, Any]
    """What :mod:`tests.e2e.nodes` found."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, bucket_server: str) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("nodes")
    sweep = folder / "nodes.yaml"
    sweep.write_text(yaml.safe_dump(SWEEP))
    uri = f"s3://bucket/nodes?endpoint_override={bucket_server}&scheme=http"
    environment = {
        **os.environ,
        **buckets.CREDENTIALS,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_raylet_start_wait_time_s": "120",  # on a busy machine
    }
    command = [sys.executable, "-m", "tests.e2e.nodes", str(sweep), uri, str(folder / "stranger")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        for name, value in buckets.CREDENTIALS.items():
            patch.setenv(name, value)
        yield Ran(sweep, uri, done.stdout + done.stderr, json.loads(done.stdout.splitlines()[-1]))


def rows(store: Store) -> list[str]:
    found = [dataclasses.asdict(row) for row in from_table(store.table("attacks").table, AttackRecord)]
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in found)


def test_calls_land_on_every_worker_and_none_on_the_head(ran: Ran) -> None:
    assert ran.found["status"] == 0
    assert set(ran.found["actors"]) == set(ran.found["workers"])


def test_rows_are_those_of_one_process(ran: Ran, tmp_path: Path) -> None:
    assert main(["run", str(ran.sweep), "--on", "serial", "--store", str(tmp_path)]) == 0
    there, here = Store.existing(ran.uri), Store.open(str(tmp_path))
    assert there.present() == here.present()
    assert rows(there) == rows(here) != []


@pytest.mark.parametrize("who", ["no_token", "wrong_token"])
def test_nobody_gets_in_without_the_token(ran: Ran, who: str) -> None:
    *of_ray, ours = ran.found[who].splitlines()
    assert ours.startswith("robust-ray: --address: a Ray cluster must let us in there, but got ")
    assert "the cluster's token" in ours
    assert all("InvalidAuthToken" in line for line in of_ray)


def test_it_can_be_watched_and_analysed_from_elsewhere(ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(ran.sweep), "--store", ran.uri]) == 0
    assert not load_rows(ran.uri, "nodes").attacks.empty


def test_no_secret_is_said_or_stored(ran: Ran, bucket_server: str) -> None:
    client = pyarrow.fs.S3FileSystem(endpoint_override=bucket_server, scheme="http")
    listing = client.get_file_info(pyarrow.fs.FileSelector("bucket/nodes", recursive=True))
    contents = [client.open_input_file(info.path).readall() for info in listing if info.is_file]
    assert contents
    store = Store.existing(ran.uri)
    whole = "\n".join([ran.said, *(str(store.table(name).table.to_pylist()) for name in ("attacks", "runs"))])
    for secret in (buckets.SECRET, buckets.KEY, TOKEN):
        assert secret not in whole
        assert not any(secret.encode() in content for content in contents)
