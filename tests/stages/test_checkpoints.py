"""Stages that leave files use no more of a machine than they were lent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robust_ray.compression import NoCompression
from robust_ray.core.call import Inputs
from robust_ray.core.machine import Machine
from robust_ray.models import Training
from robust_ray.stages import Compress
from robust_ray.tasks import DefectDetection


@pytest.mark.torch
def test_a_compression_runs_on_the_threads_that_were_lent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch

    before, seen = torch.get_num_threads(), []

    def compress(*_: Any) -> None:
        seen.append(torch.get_num_threads())

    monkeypatch.setattr(NoCompression, "compress", compress)
    stage = Compress(compression=NoCompression(), task=DefectDetection(), training=Training(), seed=0)
    stage.run("key", Inputs(checkpoints={"teacher": tmp_path}), tmp_path, Machine(threads=3))
    assert seen == [3]
    assert torch.get_num_threads() == before
