"""The small store, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.synthetic import small_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the small store."""
    folder = tmp_path_factory.mktemp("small") / "store"
    small_store(folder)
    return folder
