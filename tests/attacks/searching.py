"""A search, talked to by hand: no engine, no victim."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from robust_ray.attacks import Candidate, RenameIdentifiers, Scores, Space, Steps
from robust_ray.source.identifiers import analyse

SOURCE = analyse("def f(a, b):\n    return a + b * b\n", "python")


def space(names: Sequence[str] = ("x", "y", "z"), targets: Sequence[str] = ("a", "b"), score: float = 0.1) -> Space:
    """Two names of a small function, and what they may become."""
    return Space(SOURCE, RenameIdentifiers(), dict.fromkeys(targets, names), (), "<mask>", score)


def converse(steps: Steps, score: Callable[[Candidate], float]) -> list[list[Candidate]]:
    """All batches a search yields when each candidate scores what ``score`` says and none achieves the goal."""
    batches = []
    batch = next(steps, None)
    while batch is not None:
        batches.append(list(batch))
        values = np.array([score(candidate) for candidate in batch])
        try:
            batch = steps.send(Scores(values, np.zeros(len(values), dtype=np.bool_)))
        except StopIteration:
            batch = None
    return batches


def renames(batch: Sequence[Candidate]) -> list[dict[str, str]]:
    """What each candidate renames."""
    return [dict(candidate.renames) for candidate in batch]
