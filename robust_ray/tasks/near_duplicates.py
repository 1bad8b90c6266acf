"""Programs that are nearly the same: groups of them, found without comparing all with all, and without chance."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

SET_SIMILARITY = 0.8
"""Jaccard similarity of the sets of words from which on two programs may be nearly the same …"""

BAG_SIMILARITY = 0.7
"""… and that of the bags, in which a word counts as often as it occurs, from which on they are."""

FEWEST_WORDS = 20
"""Words, repeated ones included, below which a program says too little to be called nearly the same as another."""

Bag = Counter[str]

Numbers = npt.NDArray[np.intc]
"""Of bags."""


def is_comparable(bag: Bag) -> bool:
    """Whether a program says enough to be compared."""
    return bag.total() >= FEWEST_WORDS


def groups(bags: Sequence[Bag]) -> list[int]:
    """The number of each bag's group: bags nearly the same as a third are one group; a bag too small is one alone.

    Two similar sets share one of their few rarest words, so each is compared with those alone that share one with it.
    Nothing is missed: this is a join, not a sketch.

    Source: Allamanis, "The adverse effects of code duplication in machine learning models of code", Onward! 2019,
        https://arxiv.org/abs/1812.06469 (both similarities, their thresholds, the smallest size, the transitive
        closure); Xiao et al., "Efficient similarity joins for near duplicate detection", WWW 2008 (the join).
    """
    ranked = _rarest_first(bags)
    words = list(map(frozenset, ranked))
    group = np.arange(len(bags))
    index = _Index(list(map(len, ranked)))
    for number in sorted(filter(lambda i: is_comparable(bags[i]), range(len(bags))), key=lambda i: len(ranked[i])):
        similar = index.similar(ranked[number])
        for other in similar[group[similar] != group[number]]:
            if group[other] == group[number]:  # by now
                continue
            shared = len(words[number] & words[other])
            if _jaccard(shared, len(words[number]), len(words[other])) < SET_SIMILARITY:
                continue
            if _bag_similarity(bags[number], bags[other]) >= BAG_SIMILARITY:
                group[group == group[other]] = group[number]
        index.add(number, ranked[number])
    return [int(each) for each in group]


class _Index:
    """Sets of words, to be found by their rarest ones; sets are added and looked for in the order of their sizes."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = np.array(sizes, dtype=np.intc)
        self._holders: dict[int, array[int]] = defaultdict(lambda: array("i"))
        """Word → the sets that have it among their rarest …"""
        self._places: dict[int, array[int]] = defaultdict(lambda: array("i"))
        """… and where in them it stands."""

    def add(self, number: int, words: Sequence[int]) -> None:
        """Let a set be found."""
        for place, word in enumerate(_rarest(words)):
            self._holders[word].append(number)
            self._places[word].append(place)

    def similar(self, words: Sequence[int]) -> Numbers:
        """Every added set that may be similar to this one.

        Of two sets, what lies before their first common word is in one of them alone; what lies behind it bounds how
        much they can share.
        """
        met = [(place, word) for place, word in enumerate(_rarest(words)) if word in self._holders]
        if not met:
            return np.empty(0, dtype=np.intc)
        holders: list[Numbers] = [np.frombuffer(self._holders[word], dtype=np.intc) for _, word in met]
        numbers = np.concatenate(holders)
        theirs = np.concatenate([np.frombuffer(self._places[word], dtype=np.intc) for _, word in met])
        ours = np.repeat([place for place, _ in met], list(map(len, holders)))
        sizes = self._sizes[numbers]
        shared = np.minimum(len(words) - ours, sizes - theirs)
        return np.unique(numbers[_jaccard(shared, len(words), sizes) >= SET_SIMILARITY])


def _rarest(words: Sequence[int]) -> Sequence[int]:
    """So many words, the rarest, that a similar set has at least one of them among its own."""
    return words[: len(words) - math.ceil(SET_SIMILARITY * len(words)) + 1]


def _rarest_first(bags: Sequence[Bag]) -> list[list[int]]:
    """Each bag's words as numbers, lower for rarer ones, in order."""
    spread = Counter(word for bag in bags for word in bag)
    number = {word: i for i, word in enumerate(sorted(spread, key=lambda word: (spread[word], word)))}
    return [sorted(number[word] for word in bag) for bag in bags]


def _bag_similarity(one: Bag, other: Bag) -> float:
    return float(_jaccard((one & other).total(), one.total(), other.total()))


def _jaccard(shared: Any, one: int, other: Any) -> Any:
    return shared / (one + other - shared)
