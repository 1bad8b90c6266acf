"""What goes wrong inside a worker: one file in a folder is one mischief, done to the first call that finds it.

A mischief is done once, whoever finds it, so a call that is tried again goes well.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robust_ray.core.arrays import FloatArray
from robust_ray.core.victim import Encoding
from tests.fakes import BagOfNames

ANYWHERE = ("kill", "crash", "write-1", "write-2", "write-3", "clock-forth", "clock-back")
"""What any process that takes part in a run can suffer."""

VICTIMS = ("raise", "hang", "nan")
"""What only a victim does."""

DAY = 86_400.0


def plant(folder: Path, kind: str) -> None:
    """Have something go wrong soon."""
    (folder / kind).touch()


def find(folder: str, kinds: Collection[str]) -> str | None:
    """Take what was planted; of several processes that look at once, one finds it."""
    for kind in kinds if folder else ():
        try:
            Path(folder, kind).unlink()
        except FileNotFoundError:
            continue
        return kind
    return None


def suffer(folder: str) -> None:
    """Let happen to this process what was planted for any."""
    kind = find(folder, ANYWHERE)
    if kind in ("kill", "crash"):
        os.kill(os.getpid(), signal.SIGKILL if kind == "kill" else signal.SIGSEGV)
    elif kind in ("clock-forth", "clock-back"):
        _shift_clock(DAY if kind == "clock-forth" else -DAY)
    elif kind is not None:
        _die_writing(int(kind[-1]))


def _shift_clock(seconds: float) -> None:
    true = time.time
    time.time = lambda: true() + seconds


def _die_writing(number: int) -> None:
    """Die in the middle of the file that is written as the ``number``-th from now on, half of it on the disk."""
    true, written = os.fsync, iter(range(1, number))

    def fsync(descriptor: int) -> None:
        if next(written, None) is None:
            os.truncate(f"/proc/self/fd/{descriptor}", os.fstat(descriptor).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        true(descriptor)

    os.fsync = fsync  # type: ignore[assignment]  # only our own descriptors come


@dataclass
class Moody(BagOfNames):
    """A victim in which something goes wrong with its second batch, once it is planted."""

    folder: str = ""

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        answers = super().predict(encodings)
        kind = find(self.folder, VICTIMS) if len(self.batches) == 2 else None
        if kind == "hang":
            re.match("(a+)+$", "a" * 60 + "b")  # within C, and never letting another thread run
        if kind == "raise" or self.poison == "raise":
            self.poison = "raise"  # for good, as a lost device does
            raise RuntimeError("the device is lost")
        if kind == "nan" or self.poison == "nan":
            self.poison = "nan"
            answers = np.full_like(answers, np.nan)
        return answers
