"""Substitute rows, arranged so that the names for one example are quickly found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain

from robust_ray.core.records import SubstituteRecord


class Offers:
    """Names offered for every example, every identifier, or one of them."""

    def __init__(self, rows: Iterable[SubstituteRecord]) -> None:
        self._names: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.rank):
            self._names[row.uid, row.identifier].append(row.substitute)

    def names(self, uid: str, targets: Iterable[str], allows: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
        """Names for each target, each name once: those offered for it alone first, then by rank.

        Args:
            uid: The example.
            targets: Names that may be replaced.
            allows: Whether a name may enter the program.

        Returns:
            Target → names; targets without any are left out.
        """

        @cache
        def allowed(example: str | None, identifier: str | None) -> tuple[str, ...]:
            return tuple(filter(allows, self._names.get((example, identifier), ())))

        found = {}
        for target in targets:
            places = ((uid, target), (uid, None), (None, target), (None, None))
            names = chain.from_iterable(allowed(*place) for place in places)
            found[target] = tuple(dict.fromkeys(names))
        return {target: names for target, names in found.items() if names}
