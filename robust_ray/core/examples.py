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
    """The true class; 0 for tasks without classes."""

    language: str
    """``c``, ``java`` or ``python``."""

    reference: str | None = None
    """What a summary of the program should say; None for tasks with classes."""

    @property
    def input(self) -> Input:
        """What a victim is asked: the segments, and behind them the reference where an answer is scored against one."""
        return self.segments if self.reference is None else (*self.segments, self.reference)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a task asks of a model: all that a model must know of it before it sees an example."""

    label_names: tuple[str, ...]
    """Names of the classes, in label order; none for a task whose answer is a text."""

    segments: int
    """Pieces of code of one example."""

    language: str
    """Of the code: ``c``, ``java`` or ``python``."""

    @property
    def wants_text(self) -> bool:
        """Whether the answer is a text, not a class."""
        return not self.label_names

    @property
    def n_labels(self) -> int:
        """Columns of a victim's answer: the classes, or the one score of a text."""
        return max(1, len(self.label_names))


def stable_order(examples: Iterable[Example]) -> list[Example]:
    """Examples sorted by a hash of their uid: a prefix is a random sample, and a longer prefix only adds to it."""
    return sorted(examples, key=lambda example: (hashlib.sha256(example.uid.encode()).digest(), example.uid))


def generator(*parts: str | int) -> np.random.Generator:
    """A random generator that depends on ``parts`` alone, never on order, shard or machine."""
    text = "\0".join(map(str, parts))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))
