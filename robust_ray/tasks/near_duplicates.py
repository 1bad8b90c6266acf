"""Programs that are nearly the same: groups of them, found without comparing all with all, and without chance."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

SET_SIMILARITY = 0.8
"""Jaccard similarity of the sets of words from which on two programs may be nearly the same …"""

BAG_SIMILARITY = 0.7
"""… and that of the bags, in which a word counts as often as it occurs, from which on they are."""

FEWEST_WORDS = 20
"""Words, repeated ones included, below which a program says too little to be called nearly the same as another."""

Bag = Counter[str]


def is_comparable(bag: Bag) -> bool:
    """Whether a program says enough to be compared."""
    return bag.total() >= FEWEST_WORDS


def groups(bags: Sequence[Bag]) -> list[int]:
    """The number of each bag's group: bags nearly the same as a third are one group; a bag too small is one alone.

    Two similar sets share one of their few rarest words, so each is compared with those alone that share one with it.
    Nothing is missed: this is a join, not a sketch.

    Source: Allamanis, "The adverse effects of code duplication in machine learning models of code", Onward! 2019,
        https://arxiv.org/abs/1812.06469 (both similarities, their thresholds, the smallest size, the transitive
        closure); Bayardo, Ma, Srikant, "Scaling up all pairs similarity search", WWW 2007 (the join).
    """
    parents = list(range(len(bags)))
    sets = _rarest_first(bags)
    holders: dict[int, list[int]] = defaultdict(list)
    words = [frozenset(found) for found in sets]
    for number in sorted((i for i, bag in enumerate(bags) if is_comparable(bag)), key=lambda i: len(sets[i])):
        found = sets[number]
        smallest = math.ceil(SET_SIMILARITY * len(found))
        rarest = found[: len(found) - smallest + 1]
        root = _root(parents, number)
        for other in {other for word in rarest for other in holders[word]}:
            if len(sets[other]) < smallest or _root(parents, other) == root:
                continue
            shared = len(words[number] & words[other])
            if _jaccard(shared, len(found), len(sets[other])) < SET_SIMILARITY:
                continue
            if _bag_similarity(bags[number], bags[other]) >= BAG_SIMILARITY:
                parents[_root(parents, other)] = root
        for word in rarest:
            holders[word].append(number)
    return [_root(parents, number) for number in range(len(bags))]


def _rarest_first(bags: Sequence[Bag]) -> list[list[int]]:
    """Each bag's words as numbers, lower for rarer ones, in order."""
    spread = Counter(word for bag in bags for word in bag)
    number = {word: i for i, word in enumerate(sorted(spread, key=lambda word: (spread[word], word)))}
    return [sorted(number[word] for word in bag) for bag in bags]


def _bag_similarity(one: Bag, other: Bag) -> float:
    return _jaccard((one & other).total(), one.total(), other.total())


def _jaccard(shared: int, one: int, other: int) -> float:
    return shared / (one + other - shared)


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number
