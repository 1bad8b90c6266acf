"""The embedded clone-detection data: pairs of functions of the standard library.

A clone is a function and a rewriting of it that behaves the same. What is no clone is a function and a rewriting of
another, the one of its module that shares most words with it. Both classes are rewritten alike, so style says nothing;
how many words the two share still says much (a bag of words that sees the overlap is right on about 0.78 of the pairs).
Functions are nameless here, or their names would give the answer away.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from robust_ray.core.examples import Example, generator
from robust_ray.source.rewriting import rewrite
from robust_ray.tasks.base import Split
from robust_ray.tasks.stdlib_corpus import Function, functions, ordered

PAIRS: dict[Split, int] = {"train": 1300, "valid": 150, "test": 200}
"""Functions of a split; each makes a clone pair and another."""

TOKENS = range(18, 61)
"""Sizes of functions, in words and signs."""

OVERLAP = (0.60, 0.95)
"""Share of words that a function and the nearest other one have in common, at least and at most."""


@lru_cache(maxsize=3)
def clones(split: Split) -> tuple[Example, ...]:
    """Every pair of a split: label 1 for clones, 0 for others; the two of a function one after the other."""
    return tuple(example for pairs in islice(_pairs(split), PAIRS[split]) for example in pairs)


def nameless(text: str) -> str:
    """The function under the name ``function``."""
    return re.sub(r"\Adef \w+", "def function", text)


def _pairs(split: Split) -> Iterator[tuple[Example, Example]]:
    """A clone and another pair for each function that has a neighbour and that rewriting changes."""
    candidates = [
        _Candidate(function) for function in functions() if function.split == split and function.tokens in TOKENS
    ]
    groups: dict[str, list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.function.group].append(candidate)
    by_function = {candidate.function: candidate for candidate in candidates}
    for function in ordered(by_function):
        other = _neighbour(by_function[function], groups[function.group])
        if other is None:
            continue
        clone, different = _pair(function, function, label=1), _pair(function, other, label=0)
        if clone.segments[0] != clone.segments[1]:
            yield clone, different


class _Candidate:
    """A function and how often each word and sign occurs in it."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.words = Counter(re.findall(r"\w+|[^\w\s]", function.text))


def _neighbour(candidate: _Candidate, group: list[_Candidate]) -> Function | None:
    """The other function of the group with most words in common, if it has enough and not nearly all."""
    lowest, highest = OVERLAP
    best: tuple[float, Function] | None = None
    for other in group:
        sizes = sorted((candidate.function.tokens, other.function.tokens))
        if other is candidate or sizes[0] < lowest * sizes[1]:
            continue
        share = (candidate.words & other.words).total() / sizes[1]
        if lowest <= share <= highest and (best is None or share > best[0]):
            best = share, other.function
    return best[1] if best else None


def _pair(first: Function, second: Function, *, label: int) -> Example:
    """``first`` as it is and ``second`` rewritten."""
    changed = rewrite(nameless(second.text), generator("clones", first.uid, second.uid))
    segments = (nameless(first.text), changed)
    return Example(uid=f"{first.uid}-{second.uid}", segments=segments, label=label, language="python")
