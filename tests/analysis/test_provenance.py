"""Where the rows were made."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.load import load
from analysis.provenance import environment


def test_what_the_records_of_the_attempts_say_together(store: Path) -> None:
    found = environment(load(str(store)))
    assert (found.hosts, found.accelerators, found.commits) == (("node-1",), ("A Processor",), ("0123456789abcdef",))
    assert found.packages == (("python", "3.11.9"), ("torch", "2.13.0"))
    assert found.hours == pytest.approx(3 * 12.5 / 3600)
    assert found.joules is None
