"""How robust is each student? One row per model, task, compression and attack, every share with its 95 % interval.

python -m analysis.robustness --store results [--sweep NAME] [--where "task == 'defect_detection'"] [--out DIR]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import charts
from analysis.command import run, write_tables
from analysis.load import load
from analysis.operations import (
    CELL,
    mean_interval,
    names_in,
    only,
    prepare,
    share_interval,
    summarize,
    teacher_first,
    where,
    with_teacher,
)
from analysis.tables import Column, by_victim, count, measured, number, percent, points, print_tables, text
from robust_ray.core.records import Verdict
from robust_ray.metrics import (
    accuracy,
    acs,
    aed,
    attack_success_rate,
    average_name_distance,
    average_perplexity_ratio,
    average_queries,
    average_queries_of_attempts,
    average_run_time,
    icr,
    identifiers_changed_in_successes,
    raw_attack_success_rate,
    robust_accuracy,
    robustness_drop,
    tcr,
    tokens_changed_in_successes,
    valid_share,
)
from robust_ray.metrics.columns import STANDING, are, were_attempted

ATTACK = ["attack_name", "attack", "attack_params"]

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("attack_name", "attack", text),
    Column("n", "n", count, "Examples, all seeds together, skipped ones included, without those on which it broke."),
    Column("clean_accuracy", "clean", percent, "Accuracy on these examples before the attack."),
    Column("bleu", "BLEU", percent, "Mean BLEU of the summaries of these examples before the attack."),
    Column("attacked_bleu", "attacked BLEU", percent, "The same after it: of a failed attack, the lowest it reached."),
    Column(
        "asr",
        "ASR",
        percent,
        "Attack success rate: succeeded with a valid program over attempted; skipped ones are out.",
    ),
    Column("raw_asr", "raw ASR", percent, "The same with programs that are no longer valid, as papers count."),
    Column("valid_share", "valid", percent, "Valid programs over all that achieved the goal."),
    Column("robust_accuracy", "robust", percent, "Share of all examples still right after the attack."),
    Column("drop", "vs teacher", points, "Robust accuracy minus the teacher's, same attack and examples, in points."),
    Column("amq", "AMQ", number, "Mean queries of the successful attacks."),
    Column("errors", "errors", count, "Examples on which the attack broke."),
]

EFFORT = [
    *COLUMNS[:2],
    Column("amq", "AMQ", number, "Mean queries of the successful attacks."),
    Column("amq_of_attempts", "queries", number, "Mean queries of all attempted attacks, failures included."),
    Column("median_queries", "median q.", number, "Median queries of all attempted attacks."),
    Column(
        "art", "ART (s)", number, "Seconds of the attack's calls over attempted examples, on the machine that ran it."
    ),
    Column("icr", "ICR", percent, "Names changed in successes over names in all attempted examples."),
    Column("icr_of_successes", "ICR succ.", percent, "Mean share of its names that a success changed."),
    Column("tcr", "TCR", percent, "Tokens changed in successes over tokens in all attempted examples."),
    Column("tcr_of_successes", "TCR succ.", percent, "Mean share of its tokens that a success changed."),
    Column("aed", "AED", number, "Mean edit distance of the successes, in characters."),
    Column("name_distance", "name dist.", number, "Mean edit distance of old and new names over the longer's length."),
    Column("acs", "ACS", number, "Mean similarity of the successes in a language model's logits, as Du et al. count."),
    Column("similarity", "similarity", number, "The same of mean embeddings, whatever the number of tokens."),
    Column("perplexity_ratio", "PPL ratio", number, "Mean of adversarial over original pseudo-perplexity, successes."),
]
"""What the attacks spent, and how much they changed."""

READ = (
    *("seed", "uid", "verdict", "teacher_verdict", "rejected", "queries", "forwards", "seconds"),
    *("label", "prediction", "confidence", "adversarial_confidence"),
    *("identifiers", "identifiers_changed", "tokens", "tokens_changed", "name_distance", "edit_distance"),
    *("acs", "similarity", "perplexity_ratio"),
)
"""Columns of attack rows the numbers are made of."""


def robustness(attacks: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """The table, from attack rows; teachers are paired before ``expression`` narrows the rows."""
    return prepare(
        attacks,
        with_teacher(),
        where(expression),
        only(*CELL, *ATTACK, *READ),
        summarize([*CELL, *ATTACK], summary),
        teacher_first("attack_name"),
    )


def _clean(known: pd.DataFrame) -> dict[str, float | None]:
    """What the victim was worth before the attack, and what of a summary's BLEU is left."""
    asked = known[known["confidence"].notna()]
    if asked.empty:
        return dict.fromkeys(("clean_accuracy", "bleu", "attacked_bleu"))
    if asked["prediction"].notna().any():
        return {"clean_accuracy": accuracy(asked["label"], asked["prediction"]), "bleu": None, "attacked_bleu": None}
    left = asked["adversarial_confidence"].fillna(asked["confidence"])
    return {"clean_accuracy": None, "bleu": asked["confidence"].mean(), "attacked_bleu": left.mean()}


def summary(cell: pd.DataFrame) -> dict[str, Any]:
    """The numbers of one cell."""
    known = cell[cell["verdict"] != Verdict.ERROR]
    verdicts = known["verdict"].array
    attempted = known[["uid", "verdict", "queries"]][were_attempted(verdicts)]
    standing = are(verdicts, *STANDING)
    succeeded = are(verdicts, Verdict.SUCCEEDED)
    row: dict[str, Any] = {
        "seeds": known["seed"].nunique(),
        "n": len(known),
        "attempted": len(attempted),
        "succeeded": int(succeeded.sum()),
        **_clean(known),
        "asr": attack_success_rate(verdicts),
        "raw_asr": raw_attack_success_rate(verdicts, known["rejected"]),
        "robust_accuracy": robust_accuracy(verdicts),
        "amq": average_queries(verdicts, known["queries"]),
        "amq_of_attempts": average_queries_of_attempts(verdicts, known["queries"]),
        "art": average_run_time(verdicts, known["seconds"].sum(min_count=1)),
        "median_queries": attempted["queries"].median(),
        "forwards": known["forwards"].sum(min_count=1),
        "icr": icr(verdicts, known["identifiers_changed"], known["identifiers"]),
        "tcr": tcr(verdicts, known["tokens_changed"], known["tokens"]),
        "icr_of_successes": identifiers_changed_in_successes(
            verdicts, known["identifiers_changed"], known["identifiers"]
        ),
        "tcr_of_successes": tokens_changed_in_successes(verdicts, known["tokens_changed"], known["tokens"]),
        "name_distance": average_name_distance(verdicts, known["name_distance"]),
        "aed": aed(verdicts, known["edit_distance"]),
        "acs": acs(verdicts, known["acs"]),
        "similarity": acs(verdicts, known["similarity"]),
        "perplexity_ratio": average_perplexity_ratio(verdicts, known["perplexity_ratio"]),
        "valid_share": valid_share(verdicts, known["rejected"]),
        "errors": len(cell) - len(known),
    }
    row["asr_low"], row["asr_high"] = share_interval(attempted["verdict"] == Verdict.SUCCEEDED, attempted["uid"])
    row["robust_accuracy_low"], row["robust_accuracy_high"] = share_interval(standing, known["uid"])
    return row | _drop(known)


def _drop(known: pd.DataFrame) -> dict[str, Any]:
    """Against the teacher, on the examples that both were attacked on."""
    asked = known["teacher_verdict"].notna() & (known["teacher_verdict"] != Verdict.ERROR)
    pairs = known[["uid", "compression", "verdict", "teacher_verdict"]][asked]
    if pairs.empty or (pairs["compression"] == "none").all():
        return {"pairs": 0, "drop": None, "drop_low": None, "drop_high": None}
    of_student, of_teacher = (
        are(pairs[name].array, *STANDING).astype(float) for name in ("verdict", "teacher_verdict")
    )
    low, high = mean_interval(of_student - of_teacher, pairs["uid"])
    drop = robustness_drop(pairs["teacher_verdict"].array, pairs["verdict"].array)
    return {"pairs": len(pairs), "drop": drop, "drop_low": low, "drop_high": high}


def draw(table: pd.DataFrame) -> Any:
    """Attack success rate by compression and attack, for one model and task."""
    return charts.intervals(table, "asr", "attack_name", title="attack success rate", colour_title="attack")


def command(options: Namespace) -> None:
    """Print the table; with ``--out``, write it and the figures."""
    table = robustness(load(options.store, options.sweep, names_in(options.where)).attacks, options.where)
    columns, effort = measured(table, COLUMNS), measured(table, EFFORT)
    print_tables("robustness", table, columns)
    print_tables("effort", table, effort)
    if options.out:
        figures = {f"asr {victim}": draw(part) for victim, part in by_victim(table)}
        write_tables(options.out, "robustness", table, columns, figures)
        spent = table[["model_name", "task_name", *(column.name for column in effort)]]
        write_tables(options.out, "effort", spent, effort, {})


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
