"""What is particular to a bucket: its address, its silence, its credentials."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from robust_ray.core.errors import StoreError
from robust_ray.store import Store, address
from robust_ray.store.filesystem import Files
from tests.bucket import CREDENTIALS, KEY, SECRET


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def silent() -> Iterator[str]:
    """``host:port`` of somebody who takes what is sent and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_the_server_may_stand_in_the_address(bucket_server: str) -> None:
    uri = f"s3://bucket/a%20folder?endpoint_override={bucket_server}&scheme=http&region=eu-west-1"
    assert Files.at(uri).put("x", b"one")
    assert Files.at(uri).read("x") == b"one"
    assert Store.open(uri).uri == uri


def test_or_in_the_environment(bucket: str, bucket_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Files.at(bucket).put("x", b"one")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{bucket_server}/")
    assert Files.at(bucket).read("x") == b"one"


def test_a_server_that_is_gone_is_told_soon() -> None:
    start = time.monotonic()
    with pytest.raises(StoreError, match=r"^s3://bucket/x/FORMAT: the store must be .* but got: .*; check the disk"):
        Store.open("s3://bucket/x?endpoint_override=127.0.0.1:1&scheme=http")
    assert time.monotonic() - start < 60


def test_a_server_that_says_nothing_is_not_waited_for(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "ATTEMPTS", 1)
    start = time.monotonic()
    with pytest.raises(StoreError, match=r"FORMAT: the store must be readable and writable, but got: .*; check"):
        Store.open(f"s3://bucket/x?endpoint_override={silent}&scheme=http")
    assert time.monotonic() - start < 30


def test_a_bucket_that_is_not_there_is_named(bucket_server: str) -> None:
    uri = f"s3://no-such-bucket/x?endpoint_override={bucket_server}&scheme=http"
    with pytest.raises(StoreError, match=r"^s3://no-such-bucket/x/.*: the store must be readable and writable"):
        Store.open(uri)


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://{KEY}:{SECRET}@bucket/x",
        f"s3://{KEY}:a/{SECRET}@bucket/x",
        f"s3://{SECRET}@bucket/x",
        f"s3://bucket/x?access_key={KEY}&secret_key={SECRET}",
        f"s3://bucket/x?SECRET_KEY={SECRET}",
        f"s3://bucket/x?session_token={SECRET}",
        f"abfs://:{SECRET}@account/x",
        f"abfs://{KEY}:a/{SECRET}@account/x",
    ],
)
def test_an_address_with_credentials_is_refused_without_repeating_them(uri: str) -> None:
    with pytest.raises(StoreError, match="an address must hold no credentials, because it is printed") as refusal:
        Store.open(uri)
    assert SECRET not in str(refusal.value)
    assert KEY not in str(refusal.value)


def test_an_at_sign_in_a_folder_is_no_credential(bucket_server: str) -> None:
    uri = f"s3://bucket/team@2024/run?endpoint_override={bucket_server}&scheme=http"
    assert Store.open(uri).uri == uri
    assert Store.find(uri) is not None


@pytest.mark.parametrize("uri", ["hdfs://host:9000/team@2024", "abfs://container@account/team@2024", "mock://team@2"])
def test_nor_are_a_port_and_a_container(uri: str) -> None:
    assert not address.holds_secret(uri)


@pytest.mark.parametrize("uri", ["s3://bucket/x", "s3://no-such-bucket/x"])
def test_credentials_stand_in_no_error(
    uri: str, bucket_server: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "ATTEMPTS", 2)  # each says the same, after an ever longer pause
    with pytest.raises(StoreError) as absent:
        Files.at(f"{uri}?endpoint_override={bucket_server}&scheme=http").read("nothing")
    with pytest.raises(StoreError) as unreachable:
        Files.at(f"{uri}?endpoint_override=127.0.0.1:1&scheme=http").read("nothing")
    said = f"{absent.value} {unreachable.value} {capfd.readouterr()}"
    assert SECRET not in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("uri", "what"),
    [
        ("s3://bucket/x?endpoint=minio", "the option 'endpoint', which is none of endpoint_override"),
        ("s3://", "no bucket"),
    ],
)
def test_an_address_that_cannot_be_is_refused(uri: str, what: str) -> None:
    with pytest.raises(StoreError, match=f"an address such as s3://bucket/folder must be given, but got: {what}"):
        Files.at(uri)
