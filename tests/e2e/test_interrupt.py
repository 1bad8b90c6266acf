"""Ctrl-C in the midst of a sweep: told in a line, over at once, and nothing is left that would work on."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from robust_ray.store import Store

pytestmark = pytest.mark.torch

SWEEP = {
    "name": "endless",
    "models": [
        {"type": "scratch_roberta", "layers": 1, "hidden": 16, "heads": 2, "intermediate": 16, "vocabulary": 300}
    ],
    "tasks": [{"type": "defect_detection", "data": "embedded"}],
    "training": {"epochs": 10_000, "patience": 10_000, "batch_size": 16, "max_length": 64},
    "attacks": ["random"],
}

PROGRAM = """
import signal, sys
from robust_ray.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
sys.exit(main())
"""


def of_session(session: int) -> list[psutil.Process]:
    """Processes that a driver has started, and itself."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


@pytest.mark.parametrize("on", ["serial", pytest.param("ray", marks=pytest.mark.ray)])
def test_ctrl_c_ends_a_run_in_good_order(on: str, tmp_path: Path) -> None:
    file = tmp_path / "endless.yaml"
    file.write_text(yaml.safe_dump(SWEEP | {"store": str(tmp_path / "store")}))
    command = [sys.executable, "-c", PROGRAM, "run", str(file), "--on", on, "--verbose"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"ROBUST_RAY_WORK": str(tmp_path / "work")},
    ) as driver:
        assert driver.stdout is not None
        said = list(itertools.takewhile(lambda line: not line.startswith("start  finetune"), driver.stdout))
        assert driver.poll() is None, "".join(said)
        time.sleep(2.0)
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: the whole group
        started = time.monotonic()
        output, errors = driver.communicate(timeout=60)
        assert time.monotonic() - started < 30
    store = Store.open(str(tmp_path / "store"))
    assert driver.returncode == 130, output + errors
    there = f"{len(store.present())} of 9 calls are in {store.uri}"
    assert errors == f"robust-ray: stopped; {there}, the same command goes on from there\n"
    assert "Traceback" not in output
    assert "finetune" not in {run.stage for run in store.runs()}
    deadline = time.monotonic() + 20
    while of_session(driver.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert of_session(driver.pid) == []
    assert store.drivers() == []
