"""Examples, and the two orders and draws that must never depend on who asks.

An example's *segments* are the pieces of code the victim reads: one for defect detection, two for clone detection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

Input = tuple[str, ...]
"""What a victim reads: the segments of one example, as source text."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One labelled program, or pair of programs."""

    uid: str
    """Unique within the task and stable across runs and machines."""

    segments: Input
    """Source text of each segment; attacks change the first."""

    label: int
    """The true class."""

    language: str
    """``c``, ``java`` or ``python``."""


def stable_order(examples: Iterable[Example]) -> list[Example]:
    """Examples sorted by a hash of their uid: a prefix is a random sample, and a longer prefix only adds to it."""
    return sorted(examples, key=lambda example: (hashlib.sha256(example.uid.encode()).digest(), example.uid))


def generator(*parts: str | int) -> np.random.Generator:
    """A random generator that depends on ``parts`` alone, never on order, shard or machine."""
    text = "\0".join(map(str, parts))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))
