"""The mistakes a user can mend, one class per place to look.

Every message is one sentence: where, what must hold, what was got, what to do. The command line prints it and ends
with status 2; a traceback means a mistake of ours.
"""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterable

_VARIES = re.compile(r"[a-z_]+-\w+-v\d+-[0-9a-f]{16}|0x[0-9a-f]+|\d+(\.\d+)?")
"""What differs between two sentences that say the same: keys, addresses, numbers."""


class RobustRayError(Exception):
    """Root of every error whose message is meant for the user."""


class SweepError(RobustRayError):
    """The sweep file asks for something that does not exist or cannot be."""


class DataError(RobustRayError):
    """A data set is missing, unreadable, or holds a row that cannot be used."""


class ModelError(RobustRayError):
    """A model or student cannot be loaded, or is not what the task needs."""


class StoreError(RobustRayError):
    """The store cannot be reached, or was written by a newer version."""


class CorruptedError(StoreError):
    """What lies at a key is not what was committed there; the dispatcher recomputes it."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A clause that ends the user's search: ``did you mean 'x'? (known: a, b, x)``."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}(known: {', '.join(names) or 'none'})"


def brief(said: object) -> str:
    """What somebody else has said, short enough to stand in a sentence of ours."""
    return textwrap.shorten(str(said), 200, placeholder=" …")


def gist(error: str) -> str:
    """What two sentences have in common that say the same of two calls."""
    return _VARIES.sub("…", error)
