"""Failures by their sentence: a thousand calls that fail for one reason are one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from robust_ray.core.errors import gist
from robust_ray.dispatch import Failure


class Group(NamedTuple):
    """Calls that failed for the same reason."""

    error: str
    """As the first of them says it."""

    keys: tuple[str, ...]

    skipped: int
    """Calls that were never tried because they need one of these."""

    def line(self) -> str:
        """For the screen."""
        many = len(self.keys) > 1
        which = f"{len(self.keys)} calls, the first {self.keys[0]}" if many else self.keys[0]
        skipped = f" ({self.skipped} that need {'them' if many else 'it'} skipped)" if self.skipped else ""
        return f"FAILED {which}{skipped}: {self.error}"


def grouped(failures: Iterable[Failure], causes: Mapping[str, str]) -> list[Group]:
    """Failures by what they say, the most frequent first.

    Args:
        failures: Calls that were given up.
        causes: Key of a skipped call → key of the failed one it needs.
    """
    found: dict[str, list[Failure]] = {}
    for failure in failures:
        found.setdefault(gist(failure.error), []).append(failure)
    skipped = Counter(causes.values())
    groups = [
        Group(same[0].error, tuple(failure.key for failure in same), sum(skipped[failure.key] for failure in same))
        for same in found.values()
    ]
    return sorted(groups, key=lambda group: -len(group.keys))
