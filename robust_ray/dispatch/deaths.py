"""Workers that die: what one says on its way out, and the sentence that is made of it.

A process that crashes, or is ended for it hangs, can still say where it was. It does so into a file of its machine,
since what Ray knows of a dead worker is that it is dead.
"""

from __future__ import annotations

import faulthandler
import os
import re
import uuid
from pathlib import Path
from typing import TextIO

from robust_ray.core.errors import brief
from robust_ray.core.paths import private_folder
from robust_ray.dispatch.attempt import WORK

CRASH = re.compile(r"^Fatal Python error: (.+)", re.MULTILINE)
PLACE = re.compile(r'^Current thread .+\n  File "(.+)", line (\d+) in (\S+)', re.MULTILINE)
"""Where the thread was that crashed."""

NO_WORD = "worker process has died"
"""What Ray says, amid guesses, when a worker died without its doing."""


def last_words() -> TextIO:
    """A file into which this process will say where each of its threads is, should it crash."""
    folder = private_folder(os.environ.get(WORK)) / "last-words"
    folder.mkdir(exist_ok=True)
    stream = (folder / uuid.uuid4().hex).open("w")
    faulthandler.enable(stream)
    return stream


def heard(path: Path) -> str:
    """What a dead process has said; the file is not needed any more."""
    words = path.read_text(errors="replace") if path.exists() else ""
    path.unlink(missing_ok=True)
    return words


def reason(words: str, details: str, host: str, *, is_lost: bool = False) -> str:
    """Why a worker died, in a sentence.

    Args:
        words: What it said itself.
        details: What Ray says.
        host: Where it was.
        is_lost: Whether its node went, too.
    """
    if is_lost:
        return f"the worker was lost with its node, {host}"
    crash, place = CRASH.search(words), PLACE.search(words)
    if crash:
        where = f", in {place[3]} ({place[1]}, line {place[2]})" if place else ""
        return f"the worker died on {host}: {crash[1]}{where}"
    if NO_WORD in details:
        return f"the worker died on {host} without a word, as if killed; `dmesg` there names what ran out of memory"
    lines = [line.strip() for line in details.splitlines() if line.strip()]
    said = brief(lines[-1]) if lines else "Ray gives no reason"
    return f"the worker died on {host}: {said}"
