"""What went wrong, and what is still to come? Failed calls, examples without an answer, and what the plan lacks.

python -m analysis.failures --store results [--sweep NAME] [--where "task == 'defect_detection'"] [--out DIR]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.command import run, write_tables
from analysis.load import Rows, load
from analysis.operations import CELL, Operation, names_in, only, prepare, summarize, teacher_first, where
from analysis.robustness import ATTACK
from analysis.tables import Column, as_text, count, measured, number, print_tables, text
from robust_ray.core.errors import gist
from robust_ray.core.records import Verdict

VERDICTS = {
    Verdict.SUCCEEDED: "succeeded",
    Verdict.FAILED: "failed",
    Verdict.INVALID: "not valid",
    Verdict.SKIPPED_MISPREDICTED: "already wrong",
    Verdict.SKIPPED_NO_TARGET: "nothing to change",
    Verdict.ERROR: "broke",
}
VICTIM = ["model_name", "task_name"]
UNASKED = (Verdict.SKIPPED_MISPREDICTED, Verdict.SKIPPED_NO_TARGET, Verdict.ERROR)
"""Verdicts of examples that say nothing of how robust a victim is."""

OUTCOMES = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    *(Column(verdict.value, words, count) for verdict, words in VERDICTS.items()),
    Column("rejected", "refused", count, "Claims of success that did not hold when the program was checked again."),
    Column("exhausted", "out of budget", count, "Searches cut off by the query budget."),
]
UNANSWERED = [
    Column("attack_name", "attack", text),
    Column("outcome", "outcome", text),
    Column("reason", "reason", text, "As the first of them says it."),
    Column("examples", "examples", count, "All students and seeds together."),
    Column("distinct", "distinct", count, "The same, each example once."),
]
FAILURES = [
    Column("stage", "stage", text),
    Column("calls", "calls", count, "Calls with an attempt that failed like this; what differs is … in the sentence."),
    Column("lost", "given up", count, "Of them, never done since."),
    Column("attempts", "attempts", count, "Attempts that failed like this."),
    Column("seconds", "seconds lost", number, "Wall time of these attempts."),
    Column("hosts", "hosts", text),
    Column("first", "first call", text),
    Column("error", "error", text, "As the first of them says it."),
]
ATTEMPTS = [
    Column("stage", "stage", text),
    Column("calls", "calls", count, "Calls tried at least once."),
    Column("done", "done", count),
    Column("attempts", "attempts", count),
    Column("retried", "retried", count, "Calls tried more than once."),
    Column("failed", "failed", count, "Attempts that failed."),
    Column("seconds", "seconds", number, "Wall time of all attempts."),
    Column("seconds_lost", "lost", number, "Of it, in attempts that failed."),
]
LACKING = [
    Column("stage", "stage", text),
    Column("missing", "missing", count, "Planned calls whose output is not in the store."),
    Column("tried", "tried", count, "Of them, tried in vain; the others wait, or need one of these."),
    Column("first", "first call", text),
]


def outcomes(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """What became of every attacked example, counted for each student and attack."""
    counts = summarize([*CELL, *ATTACK], _outcomes)
    return prepare(
        attacks,
        where(expression),
        only(*CELL, *ATTACK, "verdict", "rejected", "budget_exhausted"),
        counts,
        teacher_first("attack_name"),
    )


def unanswered(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """Examples that were skipped or broke, by what the attack says of them, most frequent first."""
    said = ["reason", "error"]
    by = [*VICTIM, "attack_name", "verdict", *(f"{name}_gist" for name in said)]
    return prepare(
        attacks,
        where(expression),
        only(*VICTIM, "attack_name", "verdict", *said, "uid"),
        lambda frame: frame[frame["verdict"].isin(UNASKED)],
        lambda frame: frame.assign(**{f"{name}_gist": _gists(frame[name]) for name in said}),
        summarize(by, _examples),
        _columns([*VICTIM, *(column.name for column in UNANSWERED)]),
        lambda frame: frame.sort_values([*VICTIM, "examples"], ascending=[True, True, False], kind="stable"),
    )


def failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Attempts that failed, by stage and the sentence that says why; most calls first."""
    done = frozenset(runs.loc[runs["outcome"] == "done", "key"])

    def summary(part: pd.DataFrame) -> dict[str, Any]:
        keys = list(dict.fromkeys(part["key"]))
        return {
            "calls": len(keys),
            "lost": sum(key not in done for key in keys),
            "attempts": len(part),
            "seconds": part["seconds"].sum(),
            "hosts": ", ".join(sorted(part["host"].unique())),
            "first": keys[0],
            "error": part["error"].iloc[0],
        }

    return prepare(
        runs,
        lambda frame: frame[frame["outcome"] == "failed"].sort_values("started", kind="stable"),
        lambda frame: frame.assign(gist=_gists(frame["error"])),
        summarize(["stage", "gist"], summary),
        _columns([column.name for column in FAILURES]),
        lambda frame: frame.sort_values("calls", ascending=False, kind="stable", ignore_index=True),
    )


def attempts(runs: pd.DataFrame) -> pd.DataFrame:
    """What was tried at each stage, and what of it was in vain; stages in the order in which they began."""
    return prepare(
        runs,
        lambda frame: frame.sort_values("started", kind="stable"),
        summarize(["stage"], _attempts),
        _columns([column.name for column in ATTEMPTS]),
    )


def lacking(rows: Rows) -> pd.DataFrame:
    """Planned calls that are not in the store (yet), by stage."""
    tried = frozenset(rows.runs["key"])
    missing = {"stage": [key.partition("-")[0] for key in rows.missing], "key": list(rows.missing)}
    return prepare(
        pd.DataFrame(missing, dtype="str"),
        summarize(["stage"], lambda part: _missing(part["key"], tried)),
        _columns([column.name for column in LACKING]),
        lambda frame: frame.sort_values("missing", ascending=False, kind="stable", ignore_index=True),
    )


def _outcomes(cell: pd.DataFrame) -> Mapping[str, Any]:
    counted = {verdict.value: int((cell["verdict"] == verdict).sum()) for verdict in VERDICTS}
    return counted | {"rejected": int(cell["rejected"].sum()), "exhausted": int(cell["budget_exhausted"].sum())}


def _examples(part: pd.DataFrame) -> dict[str, Any]:
    first = part.iloc[0]
    said = first["reason"] if pd.notna(first["reason"]) else first["error"]
    return {
        "outcome": VERDICTS[Verdict(first["verdict"])],
        "reason": said if pd.notna(said) else None,
        "examples": len(part),
        "distinct": part["uid"].nunique(),
    }


def _attempts(part: pd.DataFrame) -> dict[str, Any]:
    failed = part["outcome"] == "failed"
    return {
        "calls": part["key"].nunique(),
        "done": part.loc[~failed, "key"].nunique(),
        "attempts": len(part),
        "retried": int((part.groupby("key").size() > 1).sum()),
        "failed": int(failed.sum()),
        "seconds": part["seconds"].sum(),
        "seconds_lost": part.loc[failed, "seconds"].sum(),
    }


def _missing(keys: pd.Series[str], tried: frozenset[str]) -> dict[str, Any]:
    return {"missing": len(keys), "tried": int(keys.isin(tried).sum()), "first": keys.iloc[0]}


def _gists(said: pd.Series[str]) -> pd.Series[str]:
    """What sentences have in common that say the same; each is looked at once."""
    return said.map({sentence: gist(sentence) for sentence in said.dropna().unique()})


def _columns(names: Sequence[str]) -> Operation:
    """These columns alone, also of no rows; rows numbered anew."""
    return lambda frame: frame.reindex(columns=list(names)).reset_index(drop=True)


def command(options: Namespace) -> None:
    """Print the tables that have rows; with ``--out``, write all of them."""
    rows = load(options.store, options.sweep, also=names_in(options.where))
    by_victim = {
        "outcomes": (outcomes(rows.attacks, options.where), OUTCOMES),
        "unanswered": (unanswered(rows.attacks, options.where), UNANSWERED),
    }
    by_stage = {
        "attempts": (attempts(rows.runs), ATTEMPTS),
        "failures": (failures(rows.runs), FAILURES),
        "lacking": (lacking(rows), LACKING),
    }
    for name, (table, columns) in by_victim.items():
        print_tables(name, table, measured(table, columns))
        if options.out:
            write_tables(options.out, name, table, columns, {})
    if options.sweep is None:
        del by_stage["lacking"]  # a store knows plans of sweeps, and none of its own
    for name, (table, columns) in by_stage.items():
        print(f"\n{name}: none" if table.empty else f"\n{name}\n\n{as_text(table, columns)}")
        if options.out:
            write_tables(options.out, name, table, columns, {})
    for name in rows.unreadable:
        print(f"\nunreadable: {name}")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
