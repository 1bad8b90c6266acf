"""Addresses: which file system answers to a URI, and what must not stand in one.

An address is printed, logged and sent to every worker, so that it may hold no secret: a bucket's credentials are a
role, or where that client always looks (the environment, ``~/.aws``). Endpoint and region may stand in it::

    s3://bucket/folder
    s3://bucket/folder?endpoint_override=minio.lan:9000&scheme=http&region=eu-west-1
"""

from __future__ import annotations

import os
from urllib.parse import parse_qsl, unquote, urlsplit

from pyarrow.fs import AwsStandardS3RetryStrategy, FileSystem, S3FileSystem, resolve_s3_region

from robust_ray.core.errors import StoreError

ATTEMPTS = 5
"""Of a request to a bucket, seconds apart. Arrow's own patience is 30, which is minutes where nobody answers at all."""

_REGIONS = frozenset({"region", "AWS_REGION", "AWS_DEFAULT_REGION"})
_S3_OPTIONS = ("endpoint_override", "region", "scheme", "tls_ca_file_path")


def locate(uri: str) -> tuple[FileSystem, str]:
    """The file system behind an address with ``://``, and the folder in it.

    Raises:
        StoreError: no file system answers to the address, or a secret stands in it.
    """
    _refuse_secrets(uri)
    try:
        if uri.startswith("s3://"):
            return _bucket(uri)
        filesystem, root = FileSystem.from_uri(uri)
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{uri}: a folder or an address such as s3://bucket/folder must be given, but got: {reason(error)}; "
            "correct it"
        ) from error
    return filesystem, root


def reason(error: Exception) -> str:
    """The first line of what a file system says."""
    return str(error).split("\n", 1)[0].rstrip(". ")


def _bucket(uri: str) -> tuple[FileSystem, str]:
    parts = urlsplit(uri)
    options = dict(parse_qsl(parts.query))
    unknown = next((name for name in options if name not in _S3_OPTIONS), None)
    if unknown is not None:
        raise ValueError(f"the option {unknown!r}, which is none of {', '.join(_S3_OPTIONS)}")
    if not parts.netloc:
        raise ValueError("no bucket")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint and "endpoint_override" not in options:
        scheme, _, options["endpoint_override"] = endpoint.rstrip("/").rpartition("://")
        options["scheme"] = scheme or "https"
    if "endpoint_override" not in options and not _REGIONS & {*options, *os.environ}:
        options["region"] = resolve_s3_region(parts.netloc)
    filesystem = S3FileSystem(retry_strategy=AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS), **options)
    return filesystem, parts.netloc + unquote(parts.path)


def holds_secret(uri: str) -> bool:
    """Whether credentials stand in an address, as far as can be told."""
    scheme, _, rest = uri.partition("://")
    place, _, query = rest.partition("?")
    names = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
    if any("secret" in name or "token" in name for name in names):
        return True
    authority, _, folders = place.partition("/")
    if scheme == "s3":
        return "@" in authority or ":" in authority  # neither stands in the name of a bucket
    user, _, host = authority.rpartition("@")
    _, colon, port = host.partition(":")
    return ":" in user or (bool(colon) and not port.isdigit() and "@" in folders)  # a secret may hold a slash


def _refuse_secrets(uri: str) -> None:
    if holds_secret(uri):
        scheme = uri.partition("://")[0]
        raise StoreError(
            f"{scheme}://…: an address must hold no credentials, because it is printed and sent to every worker, but"
            " got some; give them by a role, in the environment or in the client's own files"
        )
