"""How robust would each student be against a poorer attacker? Success rates by query budget, from one run.

    python -m analysis.curves --store results [--sweep NAME] [--where "attack == 'alert'"] [--out DIR]

An attack that won at its 60th query would have lost with 50, so the rows of one budget tell those of every smaller one.
What an attack of a larger budget would have found they do not tell: a curve ends where the attack's own budget does.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import charts
from analysis.command import run, write_tables
from analysis.load import load
from analysis.operations import CELL, names_in, only, prepare, share_interval, summarize, teacher_first, where
from analysis.robustness import ATTACK
from analysis.statistics import kaplan_meier
from analysis.tables import Column, by_victim, count, measured, number, percent, print_tables, text
from robust_ray.core.records import Verdict
from robust_ray.metrics import query_curve
from robust_ray.metrics.columns import are, were_attempted

BUDGETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Queries at which a curve is drawn."""

PRINTED = (10, 50, 100, 500, 1000)
"""Those of them that have a column."""

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    Column("attempted", "n", count, "Attempted examples, all seeds together."),
    *(Column(f"asr_{b}", f"{b:,} q.", percent, f"Attack success rate with at most {b:,} queries.") for b in PRINTED),
    Column(
        "half",
        "half by",
        number,
        "Queries by which half would have fallen; failures count as not fallen yet (Kaplan–Meier).",
    ),
    Column("budget", "budget", count, "Queries the attack was allowed."),
]


def curves(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """One row for each student and attack, with its success rate at each budget up to the attack's own."""
    return prepare(
        attacks,
        where(expression),
        only(*CELL, *ATTACK, "uid", "verdict", "queries", "query_budget", "won_at"),
        summarize([*CELL, *ATTACK], summary),
        teacher_first("attack_name"),
    )


def summary(cell: pd.DataFrame) -> dict[str, Any]:
    """The curve of one student under one attack."""
    attempted = cell[were_attempted(cell["verdict"].array)]
    won = are(attempted["verdict"].array, Verdict.SUCCEEDED)
    allowed = attempted["query_budget"].astype(float)
    most = float(allowed.max()) if allowed.notna().all() else float(attempted["queries"].max())
    told = attempted.loc[won, "won_at"].notna().all()  # rows of an earlier version do not say when they won
    fallen = query_curve(attempted["verdict"].array, attempted["won_at"], BUDGETS) if told else None
    spent = np.where(won, attempted["won_at"].astype(float), attempted["queries"].astype(float))
    survival = kaplan_meier(spent, won) if told else None
    row: dict[str, Any] = {
        "attempted": len(attempted),
        "budget": most if len(attempted) else None,
        "half": None if survival is None else survival.median,
    }
    for i, budget in enumerate(BUDGETS):
        known = fallen is not None and budget <= most
        low, high = share_interval(won & (spent <= budget), attempted["uid"]) if known else (None, None)
        row |= {f"asr_{budget}": fallen[i] if known and fallen is not None else None}
        row |= {f"asr_{budget}_low": low, f"asr_{budget}_high": high}
    return row


def points(table: pd.DataFrame) -> pd.DataFrame:
    """The curves as points: one row a student, attack and budget."""
    parts = []
    for budget in BUDGETS:
        named = {f"asr_{budget}{end}": f"asr{end}" for end in ("", "_low", "_high")}
        parts.append(
            table[["compression_name", "compression", "attack_name", *named]]
            .rename(columns=named)
            .assign(budget=budget)
        )
    return (
        pd.concat(parts)
        .dropna(subset=["asr"])
        .sort_values(["compression_name", "attack_name", "budget"], ignore_index=True)
    )


def draw(table: pd.DataFrame) -> Any:
    """Success rate by budget and attack, for one model and task; a menu chooses the student."""
    return charts.curves(points(table))


def command(options: Namespace) -> None:
    """Print the table; with ``--out``, write it and a figure of the teacher's and each student's curves."""
    table = curves(load(options.store, options.sweep, names_in(options.where)).attacks, options.where)
    columns = measured(table, COLUMNS)
    print_tables("attack success rate by query budget", table, columns)
    if options.out:
        figures = {
            f"curves {victim} {name}": charts.curves(points(student))
            for victim, part in by_victim(table)
            for name, student in part.groupby("compression_name", sort=False)
        }
        write_tables(options.out, "curves", table, columns, figures)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
