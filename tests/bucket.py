"""A bucket on this machine: an S3 server that keeps everything in memory, asked through the real client."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.fs

KEY, SECRET = "AKIAUSEDINTESTS", "a-secret-used-in-tests"
"""What the server is asked with."""

CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """``host:port`` of a server with one bucket, named ``bucket``: empty, unless a server of this process kept one."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # or else a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client = pyarrow.fs.S3FileSystem(
            access_key=KEY,
            secret_key=SECRET,
            endpoint_override=f"{host}:{port}",
            scheme="http",
            allow_bucket_creation=True,
        )
        client.create_dir("bucket")
        yield f"{host}:{port}"
    finally:
        server.stop()
