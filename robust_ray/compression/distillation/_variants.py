"""Variants of a program: strings in, strings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from robust_ray.compression.augmentation import Augmentation
from robust_ray.source import SourceCode, analyse, check, rename, suits
from robust_ray.source.edits import Edit, Splice, edited, fits
from robust_ray.source.statements import RULES

DRAWS = 10
"""Names drawn for one that is to be replaced, until one suits."""


def names_of(programs: Iterable[tuple[str, str]], limit: int) -> list[str]:
    """The names that most programs bind, most frequent first and equally frequent ones by name.

    Args:
        programs: Text and language of each.
        limit: How many names.
    """
    counts = Counter(each.name for program in programs for each in analyse(*program).identifiers)
    return sorted(counts, key=lambda name: (-counts[name], name))[:limit]


def vary(source: SourceCode, names: Sequence[str], augmentation: Augmentation, rng: np.random.Generator) -> str | None:
    """A program that does the same and reads differently; None where this draw brings none.

    Args:
        source: The program.
        names: To draw new names from.
        augmentation: How much to change.
        rng: Decides what.
    """
    edits = _edits(source, augmentation, rng)
    base = edited(source, edits)
    if base is None:
        return None
    renames = _renames(base, names, augmentation, rng)
    text = rename(base, renames)
    if text is None or text == source.text:
        return None
    return text if check(source, text, renames, edits).is_valid else None


def _edits(source: SourceCode, augmentation: Augmentation, rng: np.random.Generator) -> tuple[Edit, ...]:
    """A rule is drawn, then one of its edits, so that the rule with the most places is not the only one seen."""
    found = [edits for rule in augmentation.rules if (edits := RULES[rule](source))]
    chosen: list[Edit] = []
    taken: list[Splice] = []
    for _ in range(augmentation.rewrites if found else 0):
        edits = found[rng.integers(len(found))]
        edit = edits[rng.integers(len(edits))]
        if fits(edit, taken):
            chosen.append(edit)
            taken = sorted([*taken, *edit.splices])
    return tuple(chosen)


def _renames(
    source: SourceCode, names: Sequence[str], augmentation: Augmentation, rng: np.random.Generator
) -> dict[str, str]:
    chosen: dict[str, str] = {}
    in_question = [each.name for each in source.identifiers if augmentation.names == "all" or each.kind != "local"]
    for old in in_question:
        if rng.random() >= augmentation.renames:
            continue
        drawn = (names[i] for i in rng.integers(len(names), size=DRAWS))
        new = next((name for name in drawn if suits(source, old, name) and name not in chosen.values()), None)
        if new is not None:
            chosen[old] = new
    return chosen
