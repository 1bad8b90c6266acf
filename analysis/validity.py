"""Are the adversarial examples that count still the same programs, and do they read like code?

python -m analysis.validity --store results [--sweep NAME] [--where "task == 'defect_detection'"] [--out DIR]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import averages, charts
from analysis.command import run, write_tables
from analysis.load import load
from analysis.operations import (
    CELL,
    Ends,
    names_in,
    only,
    prepare,
    ratio_interval,
    share_interval,
    summarize,
    teacher_first,
    where,
)
from analysis.robustness import ATTACK
from analysis.tables import Column, by_victim, count, measured, percent, print_tables, text
from robust_ray.core.arrays import FloatArray
from robust_ray.core.records import Verdict
from robust_ray.metrics import valid_share, wilson_interval
from robust_ray.metrics.columns import ATTEMPTED

CHECKS = ("parse", "bind", "compile")
"""Levels of the check, each of which includes the ones before."""

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    Column("succeeded", "successes", count, "Adversarial examples that count; each passed the check."),
    Column("compile", "compiled", count, "Of them, taken by the language's own compiler, as the original is."),
    Column("bind", "resolved", count, "Of them, checked name by name; the original does not compile alone either."),
    Column("parse", "parsed", count, "Of them, checked for syntax only."),
    Column("unchecked", "unchecked", count, "Of them, without a word on how they were checked."),
    Column("compiled_share", "by compiler", percent, "Share of the successes that a compiler took."),
    Column("refused", "refused", count, "Further programs that achieved the goal, refused as not the same program."),
    Column("refused_share", "of claims", percent, "Those, over all programs that achieved the goal."),
]
CHANGED = ("icr_of_successes", "tcr_of_successes", "aed", "name_distance")
JUDGED = ("acs", "similarity", "perplexity_ratio")
"""By a language model."""

NATURALNESS = [
    *COLUMNS[:3],
    *averages.columns(*CHANGED),
    Column("looked_at", "looked at", count, "Successes that a language model was shown."),
    *averages.columns(*JUDGED),
]
"""How much of a program the successes changed, and what a language model makes of them."""


def validity(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """Both tables in one, a row for each student and attack."""
    return prepare(
        attacks,
        where(expression),
        only(*CELL, *ATTACK, "uid", "verdict", "validity", "rejected", *averages.read((*CHANGED, *JUDGED))),
        summarize([*CELL, *ATTACK], summary),
        teacher_first("attack_name"),
    )


def summary(cell: pd.DataFrame) -> dict[str, Any]:
    """The numbers of one cell."""
    attempted = cell[cell["verdict"].isin(ATTEMPTED)]
    won = attempted[attempted["verdict"] == Verdict.SUCCEEDED]
    looked_at = int(won["perplexity_ratio"].notna().sum()) or None
    changes = averages.averages(won, (*CHANGED, *JUDGED))
    return _checks(won) | _refusals(attempted) | {"looked_at": looked_at} | changes


def _checks(won: pd.DataFrame) -> dict[str, Any]:
    """How the successes were found to be valid."""
    row: dict[str, Any] = {level: int((won["validity"] == level).sum()) for level in CHECKS}
    compiled = won["validity"] == CHECKS[-1]
    low, high = share_interval(compiled, won["uid"])
    share = float(compiled.mean()) if len(won) else None
    row |= {"compiled_share": share, "compiled_share_low": low, "compiled_share_high": high}
    return {"succeeded": len(won), "unchecked": int(won["validity"].isna().sum())} | row


def _refusals(attempted: pd.DataFrame) -> dict[str, Any]:
    """Programs that achieved the goal but were not the same; an example may have several."""
    refused = attempted["rejected"].to_numpy(dtype=float)
    claims = refused + (attempted["verdict"] == Verdict.SUCCEEDED).to_numpy()
    valid = valid_share(attempted["verdict"].array, attempted["rejected"])
    low, high = _refused_interval(refused, claims, attempted["uid"])
    share = None if valid is None else 1 - valid
    return {
        "refused": int(refused.sum()),
        "refused_share": share,
        "refused_share_low": low,
        "refused_share_high": high,
    }


def _refused_interval(refused: FloatArray, claims: FloatArray, uids: pd.Series[str]) -> Ends:
    """Whole examples are drawn; where none was refused, or all, that tells nothing, and each example counts once."""
    examples = uids[claims > 0].nunique()
    if examples and refused.sum() in (0, claims.sum()):
        return wilson_interval(examples if refused.any() else 0, examples) or (None, None)
    return ratio_interval(refused, claims, uids)


def draw(table: pd.DataFrame) -> Any:
    """Share of the claims of success that were refused, by compression and attack, for one model and task."""
    return charts.intervals(
        table, "refused_share", "attack_name", title="claims of success refused", colour_title="attack"
    )


def draw_naturalness(table: pd.DataFrame) -> Any:
    """Share of its tokens that a success changed, by compression and attack, for one model and task."""
    return charts.intervals(
        table, "tcr_of_successes", "attack_name", title="tokens that a success changed", colour_title="attack"
    )


def command(options: Namespace) -> None:
    """Print both tables; with ``--out``, write them and the figures."""
    attacks = load(options.store, options.sweep, also=names_in(options.where)).attacks
    table = validity(attacks, options.where)
    drawn = {"validity": (COLUMNS, "refused", draw), "naturalness": (NATURALNESS, "changed", draw_naturalness)}
    for name, (columns, title, figure) in drawn.items():
        shown = measured(table, columns)
        print_tables(name, table, shown)
        if options.out:
            figures = {f"{title} {victim}": figure(part) for victim, part in by_victim(table)}
            write_tables(options.out, name, table, shown, figures)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
