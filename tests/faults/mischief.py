"""What goes wrong inside a worker: one file in a folder is one mischief, done to the first call that finds it.

A mischief is done once, and to a call that has suffered none yet, so a call that is tried again goes well. A curse
stays on the call that finds it: one of its examples ends the process whenever the victim reads it.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input
from robust_ray.core.victim import Encoding
from tests.fakes import BagOfNames

ANYWHERE = ("kill", "crash", "write-1", "write-2", "write-3", "clock-forth", "clock-back")
"""What any process that takes part in a run can suffer."""

TROUBLE = "trouble"
"""What a disk or a network has for a moment."""

VICTIMS = ("raise", "hang", "nan")
"""What only a victim does."""

CURSES = ("always-kill", "always-hang")
"""What one example of a call does, whenever it is attacked."""

CURSED = "c-1"
"""Uid of that example."""

WORD = "vector"
"""By which it is known."""

DAY = 86_400.0


def plant(folder: Path, kind: str) -> None:
    """Have something go wrong soon."""
    (folder / kind).touch()


def find(folder: str, key: str, kinds: Collection[str]) -> str | None:
    """Take what was planted; of several processes that look at once, one finds it."""
    suffered = Path(folder, "..", "suffered", key)
    for kind in kinds if folder and not suffered.exists() else ():
        try:
            Path(folder, kind).unlink()
        except FileNotFoundError:
            continue
        suffered.parent.mkdir(exist_ok=True)
        suffered.touch()
        return kind
    return None


def curse(folder: str, key: str) -> str | None:
    """The curse that lies on a call; one that was planted and has found none falls on this one."""
    for kind in CURSES if folder else ():
        mine = Path(folder, f"{kind}@{key}")
        with suppress(FileNotFoundError):
            Path(folder, kind).rename(mine)
        if mine.exists():
            return kind
    return None


def cursed(folder: Path) -> list[str]:
    """Keys of the calls on which a curse has fallen."""
    return [path.name.partition("@")[2] for path in folder.glob("*@*")]


def suffer(folder: str, key: str) -> None:
    """Let happen to this process what was planted for any."""
    kind = find(folder, key, (*ANYWHERE, TROUBLE))
    if kind == TROUBLE:
        raise OSError(errno.EIO, "Input/output error")
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


def _hang() -> None:
    re.match("(a+)+$", "a" * 60 + "b")  # within C, and never letting another thread run


@dataclass
class Moody(BagOfNames):
    """A victim in which something goes wrong with its second batch, once it is planted."""

    folder: str = ""
    key: str = ""
    """Of the call that asks."""

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        if any(WORD in segment for segments in inputs for segment in segments):
            kind = curse(self.folder, self.key)
            if kind == "always-kill":
                os.kill(os.getpid(), signal.SIGSEGV)
            elif kind == "always-hang":
                _hang()
        return super().encode(inputs)

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        answers = super().predict(encodings)
        kind = find(self.folder, self.key, VICTIMS) if len(self.batches) == 2 else None
        if kind == "hang":
            _hang()
        if kind == "raise" or self.poison == "raise":
            self.poison = "raise"  # for good, as a lost device does
            raise RuntimeError("the device is lost")
        if kind == "nan" or self.poison == "nan":
            self.poison = "nan"
            answers = np.full_like(answers, np.nan)
        return answers
