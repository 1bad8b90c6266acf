"""What went wrong, and where the rows come from: from the record of every attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from analysis.load import Rows
from analysis.operations import CELL, prepare, summarize, teacher_first
from analysis.robustness import ATTACK
from analysis.tables import Column, count, text
from robust_ray.core.records import Verdict

VERDICTS = {
    Verdict.SUCCEEDED: "succeeded",
    Verdict.FAILED: "failed",
    Verdict.INVALID: "not valid",
    Verdict.SKIPPED_MISPREDICTED: "already wrong",
    Verdict.SKIPPED_NO_TARGET: "nothing to change",
    Verdict.ERROR: "broke",
}
OUTCOMES = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    *(Column(verdict.value, words, count) for verdict, words in VERDICTS.items()),
    Column("rejected", "refused", count, "Claims of success that did not hold when the program was checked again."),
    Column("exhausted", "out of budget", count, "Searches cut off by the query budget."),
]
FAILURES = [
    Column("stage", "stage", text),
    Column("key", "call", text),
    Column("attempts", "attempts", count),
    Column("host", "host", text),
    Column("error", "last error", text),
]
ERRORS = [
    Column("attack_name", "attack", text),
    Column("examples", "examples", count),
    Column("error", "error", text),
]


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


def outcomes(attacks: pd.DataFrame) -> pd.DataFrame:
    """What became of every attacked example, counted for each student and attack."""
    return prepare(attacks, summarize([*CELL, *ATTACK], _outcomes), teacher_first("attack_name"))


def failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Calls that were tried and never done, with their last error."""
    done = runs.loc[runs["outcome"] == "done", "key"]
    lost = runs[~runs["key"].isin(done)].sort_values("started", kind="stable")
    tried = lost.groupby("key").size().rename("attempts")
    return lost.drop_duplicates("key", keep="last").merge(tried, left_on="key", right_index=True)


def errors(attacks: pd.DataFrame) -> pd.DataFrame:
    """Errors of attacks on single examples, most frequent first."""
    broken = attacks[attacks["verdict"] == Verdict.ERROR]
    counts = broken.groupby(["attack_name", "error"], dropna=False).size().rename("examples").reset_index()
    return counts.sort_values("examples", ascending=False, kind="stable")


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


def _outcomes(cell: pd.DataFrame) -> Mapping[str, Any]:
    counted = {verdict.value: int((cell["verdict"] == verdict).sum()) for verdict in VERDICTS}
    return counted | {"rejected": int(cell["rejected"].sum()), "exhausted": int(cell["budget_exhausted"].sum())}


def _distinct(column: pd.Series[str]) -> tuple[str, ...]:
    return tuple(sorted(column.dropna().unique()))
