"""A driver that is killed on the way."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence


def kill_after(command: Sequence[str], line: str, seconds: float = 0.0) -> None:
    """Kill a driver so long after it has said something."""
    whole = [sys.executable, "-m", "robust_ray.cli", *command, "--verbose"]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, text=True, start_new_session=True) as driver:
        assert driver.stdout is not None
        said = list(itertools.takewhile(lambda said: not said.startswith(line), driver.stdout))
        time.sleep(seconds)
        assert driver.poll() is None, "".join(said)
        os.kill(driver.pid, signal.SIGKILL)
