"""The folder of a user on a machine that others use, too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robust_ray.core.errors import StoreError
from robust_ray.core.paths import private_folder


def test_a_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = private_folder(str(tmp_path / "new"))
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)  # as an earlier version made it
    assert private_folder(str(tmp_path / "new")) == folder
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_laid_out_by_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"robust-ray-{os.getuid()}").symlink_to(tmp_path / "theirs")
    with pytest.raises(StoreError, match=r"a folder of the user \d+ must lie here, but it is a link or belongs to"):
        private_folder(str(tmp_path))
