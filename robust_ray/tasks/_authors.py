"""The embedded authorship data: which package of the standard library a function was written for.

The packages are those with many files, so that a file can belong to one split: what a model is tested on comes from a
file it has seen nothing of, and is told by the package's habits and words, not by its neighbours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

from robust_ray.core.examples import Example
from robust_ray.tasks.base import Split
from robust_ray.tasks.stdlib_corpus import Function, functions, ordered

AUTHORS = ("asyncio", "email", "importlib", "multiprocessing", "unittest", "xml")
"""The packages, in label order."""

FUNCTIONS: dict[Split, int] = {"train": 160, "valid": 22, "test": 45}
"""Functions of each package in a split."""

SHARES: dict[Split, float] = {"train": 0.7, "valid": 0.1, "test": 0.2}
"""Share of a package's functions that each split should get."""

TOKENS = range(16, 121)
"""Sizes of functions, in words and signs: less says nothing of its author, more is cut by small models."""


@lru_cache(maxsize=3)
def authors(split: Split) -> tuple[Example, ...]:
    """Every example of a split, as many of each package, the packages in turn."""
    chosen = [_of_split(author, split)[: FUNCTIONS[split]] for author in AUTHORS]
    return tuple(
        Example(uid=function.uid, segments=(function.text,), label=label, language="python")
        for turn in zip(*chosen, strict=True)
        for label, function in enumerate(turn)
    )


def allotted(sizes: Iterable[tuple[str, int]]) -> dict[str, Split]:
    """The split of each file: the largest first, each to the split that lacks most of its share.

    Args:
        sizes: Files and their numbers of functions.
    """
    files = sorted(sizes, key=lambda file: (-file[1], file[0]))
    total = sum(size for _, size in files)
    lacking = {split: share * total for split, share in SHARES.items()}
    splits: dict[str, Split] = {}
    for name, size in files:
        split = max(lacking, key=lambda each: lacking[each])
        splits[name] = split
        lacking[split] -= size
    return splits


def _of_split(author: str, split: Split) -> list[Function]:
    usable = _functions()[author]
    splits = allotted(Counter(function.file for function in usable).items())
    return ordered(function for function in usable if splits[function.file] == split)


@lru_cache(maxsize=1)
def _functions() -> dict[str, list[Function]]:
    """The usable functions of each package."""
    found: dict[str, list[Function]] = defaultdict(list)
    for function in functions():
        if function.tokens in TOKENS:
            found[function.group].append(function)
    return found
