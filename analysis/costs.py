"""How good is each student on clean code, and what does it cost in bytes, operations, time and energy?

python -m analysis.costs --store results [--sweep NAME] [--where "device == 'cpu'"] [--out DIR]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import charts
from analysis.command import run, write_tables
from analysis.labels import TEACHER
from analysis.load import load
from analysis.operations import names_in, prepare, teacher_first, where
from analysis.tables import (
    Column,
    by_victim,
    count,
    measured,
    megabytes,
    millijoules,
    milliseconds,
    number,
    operations,
    percent,
    print_tables,
    text,
)
from robust_ray.metrics import wilson_interval

STUDENT = [Column("compression_name", "compression", text), Column("seed", "seed", count, if_it_differs=True)]

QUALITY = [
    *STUDENT,
    Column("n", "n", count, "Examples of the clean test split."),
    Column("accuracy", "accuracy", percent, "Share of right answers."),
    Column("unigram_accuracy", "word counts", percent, "Accuracy of naive Bayes over bags of tokens: the bar to beat."),
    Column("precision", "precision", percent),
    Column("recall", "recall", percent),
    Column("f1", "F1", percent),
    Column("mcc", "MCC", number, "Matthews correlation coefficient."),
    Column("bleu", "BLEU", percent, "Mean smoothed sentence BLEU-4 of the summaries."),
    Column("corpus_bleu", "corpus BLEU", percent, "BLEU-4 of all summaries together."),
    Column("rouge_l", "ROUGE-L", percent, "Mean F-measure of the longest common subsequence of words."),
    Column("chrf", "chrF", percent, "Mean character n-gram F-score."),
    Column("exact_match", "exact", percent, "Summaries that equal the reference."),
    Column("flip_share", "flips", percent, "Answers that new names of functions and parameters turn."),
    Column("truncated_share", "cut off", percent, "Examples longer than the model's window."),
    Column("noted_share", "partly read", percent, "Examples of which the model could not read all it means to."),
]
COST = [
    *STUDENT,
    Column("parameters", "parameters", count, "Numbers of the network, however they are stored."),
    Column("nonzero_parameters", "nonzero", count),
    Column("bytes", "size", megabytes, "Weights on disk, as stored: packed, or sparse, where they are."),
    Column("compressed_bytes", "packed", megabytes, "The same files through zstd level 6."),
    Column("loaded_bytes", "loaded", megabytes, "Weights in memory, as computed with: there a zero is a number."),
    Column(
        "dense",
        "remark",
        text,
        "Its file is smaller than its teacher's, or of more zeros; once loaded it is as large.",
        if_it_differs=True,
    ),
    Column("flops", "operations", operations, "Of all matrix products for one example alone, as executed."),
    Column("formula_flops", "by formula", operations, "The same as Compressor, AVATAR and MORPH reckon it."),
    Column("latency_p50", "latency", milliseconds, "One example alone, median."),
    Column("latency_p95", "p95", milliseconds, "One example alone, 95th percentile."),
    Column("latency_tokens", "tokens", count, "Length of the examples timed, median, and of the one counted."),
    Column("throughput", "examples/s", number, "Through the batched path."),
    Column("batch_tokens", "batch", count, "Padded tokens in one batch at most.", if_it_differs=True),
    Column("energy", "energy", millijoules, "Of the whole processor or GPU, for an example through the batched path."),
    Column("peak_memory", "memory", megabytes, "At the peak, in batches: weights, and what is allocated beside them."),
    Column("device", "device", text, "What the times were measured on."),
]

DENSE = "same dense size"


def costs(evaluations: pd.DataFrame, expression: str | None = None) -> pd.DataFrame:
    """Evaluations in reading order, with the interval of the accuracy where there are classes."""
    shares = {f"{name}_share": evaluations[name] / evaluations["n"] for name in ("truncated", "noted")}
    shares["flip_share"] = evaluations["flips"].astype("float64") / evaluations["rewritten"].astype("float64")
    ends = [_interval(*pair) for pair in zip(evaluations["accuracy"], evaluations["n"], strict=True)]
    bounds = pd.DataFrame(ends, columns=["accuracy_low", "accuracy_high"], index=evaluations.index)
    described = evaluations.assign(**shares, dense=_dense(evaluations)).join(bounds)
    return prepare(described, where(expression), teacher_first("seed", "device"))


def _dense(evaluations: pd.DataFrame) -> pd.Series[str]:
    """What is to be said of students that are smaller than their teachers, or sparser, until they are loaded."""
    teachers = evaluations[evaluations["compression"] == TEACHER].drop_duplicates("teacher").set_index("teacher")
    student = evaluations[["bytes", "nonzero_parameters", "loaded_bytes"]]
    teacher = teachers[student.columns].reindex(evaluations["teacher"]).set_axis(evaluations.index)
    is_less = student < teacher
    promises = is_less["bytes"] | is_less["nonzero_parameters"]
    return (promises & (student["loaded_bytes"] >= teacher["loaded_bytes"])).map({True: DENSE, False: ""})


def _interval(accuracy: float, n: int) -> tuple[float | None, float | None]:
    return (None, None) if pd.isna(accuracy) else wilson_interval(round(accuracy * n), n) or (None, None)


def draw(table: pd.DataFrame) -> Any:
    """Quality on clean code by compression and seed, for one model and task."""
    has_classes = table["accuracy"].notna().any()
    quality = {f"quality{end}": table[f"accuracy{end}"] for end in ("", "_low", "_high")}
    if not has_classes:  # texts: a mean over summaries, whose spread is not among the rows
        quality = dict.fromkeys(quality, table["bleu"])
    title = "accuracy on clean code" if has_classes else "BLEU on clean code"
    return charts.intervals(table.assign(**quality), "quality", "seed", title=title, colour_title="seed")


def command(options: Namespace) -> None:
    """Print both tables; with ``--out``, write them and a figure."""
    table = costs(load(options.store, options.sweep, names_in(options.where)).evaluations, options.where)
    for name, columns in {"quality": QUALITY, "cost": COST}.items():
        shown = measured(table, columns)
        print_tables(name, table, shown)
        if options.out:
            drawn = by_victim(table) if name == "quality" else ()
            write_tables(options.out, name, table, shown, {f"quality {victim}": draw(part) for victim, part in drawn})


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
