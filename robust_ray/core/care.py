"""Care: how a call goes about its examples once one of them may have killed the process.

A parser may crash, a tokenizer hang or a search fill the memory, and no exception says at which example. So nothing is
noted while all goes well, and once the process of a call has died, its next attempt is made with care: one example at
a time, each named before anything is done with it. Whoever sees the process die again knows at which example that was.
One at which it has died twice is given a row that says so, and is not touched again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from robust_ray.core.call import Inputs
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record


@dataclass(frozen=True, kw_only=True)
class Care:
    """What is known of the examples of a call whose process has died."""

    begin: Callable[[str], None]
    """To be told the uid of each example before anything is done with it."""

    suspects: Collection[str] = ()
    """Uids at which the process has died once: they come first, so that it is soon known whether it was they."""

    lost: Mapping[str, str] = field(default_factory=dict)
    """Uid → why: the examples that are not to be touched."""


@runtime_checkable
class Careful(Protocol):
    """A stage that can go through its examples with care."""

    def run_with_care(self, key: str, inputs: Inputs, workdir: Path, machine: Machine, care: Care) -> Sequence[Record]:
        """Return the rows of :meth:`~robust_ray.core.call.Stage.run`, but for examples that are lost."""
        ...
