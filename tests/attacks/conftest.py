"""Another process, for what must not depend on this one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest


@pytest.fixture(scope="session")
def other_process() -> Iterator[ProcessPoolExecutor]:
    """A process with hash seeds of its own; one for all contracts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool
