"""Where the rows were made: from the record of every attempt."""

from __future__ import annotations

import json
from typing import NamedTuple

import pandas as pd

from analysis.load import Rows


class Environment(NamedTuple):
    """Where the rows were made."""

    hosts: tuple[str, ...]
    accelerators: tuple[str, ...]
    commits: tuple[str, ...]
    packages: tuple[tuple[str, str], ...]
    """Name and version, or versions where machines differed."""

    hours: float
    """Wall time of all attempts together."""

    joules: float | None
    """Energy of all attempts that measured it; None where none did."""


def environment(rows: Rows) -> Environment:
    """What the records of the attempts say together."""
    runs = rows.runs
    versions: dict[str, set[str]] = {}
    for packages in runs["packages"].dropna().unique():
        for name, version in json.loads(packages).items():
            versions.setdefault(name, set()).add(str(version))
    energy = runs["energy"].dropna()
    return Environment(
        hosts=_distinct(runs["host"]),
        accelerators=_distinct(runs["accelerator"]),
        commits=_distinct(runs["git_commit"]),
        packages=tuple((name, ", ".join(sorted(found))) for name, found in sorted(versions.items())),
        hours=float(runs["seconds"].sum()) / 3600,
        joules=float(energy.sum()) if len(energy) else None,
    )


def _distinct(column: pd.Series[str]) -> tuple[str, ...]:
    return tuple(sorted(column.dropna().unique()))
