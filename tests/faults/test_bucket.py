"""A bucket whose server is away for a while, asked through the real client."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from robust_ray.core.call import StageCall
from robust_ray.dispatch import Counts, Outcome, Settings, serial
from robust_ray.store import Store
from tests import bucket
from tests.faults.scene import Fake, Rows, outputs
from tests.faults.stages import plan

AWAY = 3.0
"""Seconds."""


class Outage:
    """A server that ends when the eighth call starts; another one comes in its place, with what it had."""

    def __init__(self) -> None:
        self.servers = ExitStack()
        self.where = self.servers.enter_context(bucket.serving())
        self.back = threading.Timer(AWAY, self._come_back)
        self._starts = 0

    def on_start(self, call: StageCall) -> None:
        self._starts += 1
        if self._starts == 8:
            self.servers.close()
            self.back.start()

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        pass

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        pass

    def _come_back(self) -> None:
        self.servers.enter_context(bucket.serving(int(self.where.rpartition(":")[2])))


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Outage]:
    """One to come; everything a client must know stands in the environment."""
    made = Outage()
    for name, value in bucket.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{made.where}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    with made.servers:
        yield made


def test_a_bucket_that_is_away_for_a_while(outage: Outage, expected: Rows) -> None:
    store = Store.open(f"s3://bucket/{uuid.uuid4().hex}")
    assert serial.run(plan(seconds=0.0), store, Settings(), progress=outage).ok
    assert not outage.back.is_alive()
    assert outputs(store, Fake()) == expected
