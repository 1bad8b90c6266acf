"""What tests share: where real data may lie beside the checkout, and a bucket."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import bucket as buckets

os.environ.setdefault("RAY_AUTH_TOKEN", uuid.uuid4().hex)  # a process remembers its first: all clusters here share it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start Ray come first: they take longest, and all cores are busy to the end if short ones are last."""
    long = {item.path for item in items if item.get_closest_marker("ray")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data sets beside the checkout; tests that need it are skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data sets at {folder}")
    return folder


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[str]:
    """``host:port`` of an S3 server on this machine."""
    with buckets.serving() as where:
        yield where


@pytest.fixture
def bucket(bucket_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of an empty folder in a bucket; where the bucket is and who asks stands in the environment."""
    for name, value in buckets.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{bucket_server}")
    return f"s3://bucket/{uuid.uuid4().hex}"
