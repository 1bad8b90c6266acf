"""A memory of what was used last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Text → value, in two generations: when the young one is full it becomes the old one, and that is forgotten.

    What was used while the young generation filled up is kept, as in a memory that forgets the least recently used; but
    a look-up writes nothing.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        """Characters of the young generation's keys."""
        self._young: dict[str, V] = {}
        self._old: dict[str, V] = {}

    def look_up(self, keys: Sequence[str]) -> list[V | None]:
        """The value of every key, None where it is not remembered."""
        found = list(map(self._young.get, keys))
        if self._old and None in found:
            for i, key in enumerate(keys):
                if found[i] is None and key in self._old:
                    found[i] = self._old[key]
                    self.keep(key, self._old[key])
        return found

    def keep(self, key: str, value: V) -> None:
        """Remember a value."""
        if self._size + len(key) > self._capacity:
            self._old, self._young, self._size = self._young, {}, 0
        self._young[key] = value
        self._size += len(key)
