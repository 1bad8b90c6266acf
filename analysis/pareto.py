"""Which students trade size for robustness best? One point a student, the front among them, and its volume.

    python -m analysis.pareto --store results [--sweep NAME] [--where "model == 'graphcodebert'"] [--out DIR]

Robust accuracy is the share of all attacked examples a student gets right under *every* attack of the study (the number
the search optimizes), and beside it the share under each attack alone. A student attacked on fewer examples than others
(a search has stopped it, or the sweep goes on) is listed, but never compared with them.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis import charts
from analysis.command import noted, run, slug, write_tables
from analysis.groups import counted
from analysis.labels import TEACHER, TEACHER_NAME
from analysis.load import Rows, load
from analysis.operations import CELL, only, prepare, standing, summarize, teacher_first, where, worst_of_attacks
from analysis.tables import Column, by_victim, count, measured, megabytes, percent, print_tables, text, with_gaps
from robust_ray.core.arrays import FloatArray
from robust_ray.metrics import hypervolume, pareto_front, wilson_interval

EVERY_ATTACK = "every attack"
ON_DISK = "on disk"
SIZES = {"bytes": ON_DISK, "compressed_bytes": "packed (zstd)"}
VIEW = ["model_name", "task_name", "attack_name", "size_kind"]
"""What a front is drawn within."""

STUDY = ["model_name", "task_name", "seed"]
"""What students are compared within."""

MEGABYTES = "format(datum.value / 1e6, '~g') + ' MB'"
ROUND = "indexof([1, 2, 5], round(datum.value / pow(10, floor(log(datum.value * 1.001) / LN10)))) >= 0"
"""Vega expressions: a size in words; whether it is a label worth printing on a logarithmic axis."""

COLUMNS = [
    Column("compression_name", "compression", text),
    Column("seed", "seed", count, if_it_differs=True),
    Column("bytes", "size", megabytes, "Weights on disk, as stored."),
    Column("compressed_bytes", "packed", megabytes, "The same files through zstd level 6."),
    Column("clean_accuracy", "clean", percent, "Accuracy, or BLEU of summaries, on the clean test split."),
    Column("robust_accuracy", "robust", percent, "Share of all attacked examples still right under every attack."),
    Column("n", "n", count, "Examples attacked."),
    Column(
        "front",
        "front",
        text,
        "● where no other student is as small and as robust, and better in one of them; – where fewer examples were "
        "attacked than of others.",
    ),
]


def points(rows: Rows, expression: str | None = None) -> pd.DataFrame:
    """One row a student, attack (every attack together is one) and kind of size, with ``is_whole`` and ``on_front``."""
    clean = rows.evaluations.drop_duplicates("student")
    clean = clean.assign(clean_accuracy=clean["accuracy"].fillna(clean["bleu"]))
    students = clean[[*CELL, "student", "seed", *SIZES, "clean_accuracy"]]
    alone = prepare(rows.attacks, only(*STUDY, "attack_name", "student", "uid", "verdict"))
    together = prepare(alone, worst_of_attacks()).assign(attack_name=EVERY_ATTACK)
    attacked = pd.concat([_attacked(together), _attacked(alone)])
    return prepare(
        with_gaps(students.merge(attacked, on="student"), rows.gaps),
        _for_each_size,
        where(expression),
        _mark_front,
        teacher_first("seed"),
    )


def students(points: pd.DataFrame) -> pd.DataFrame:
    """The table: one row a student, judged under every attack and by its size on disk."""
    shown = points[(points["attack_name"] == EVERY_ATTACK) & (points["size_kind"] == ON_DISK)]
    return shown.assign(front=np.where(shown["on_front"], "●", np.where(shown["is_whole"], "", "–")))


def unjudged(points: pd.DataFrame) -> str | None:
    """How many students are in no such table because some attack of the study was not run on them; None if none is."""
    judged = points.loc[points["attack_name"] == EVERY_ATTACK, "student"]
    missing = set(points["student"]) - set(judged)
    if judged.empty or not missing:
        return None
    return f"not among them, as not every attack was run on them: {len(missing)}; --sweep tells studies apart"


def volumes(points: pd.DataFrame) -> pd.DataFrame:
    """Hypervolume of every view: how much of what is possible the students reach.

    The losses are the size as a share of the teacher's and one minus the robust accuracy, the reference is (1, 1): the
    volume lies in [0, 1], and the teacher alone has none. Without a teacher the largest student stands in for it.
    """
    return prepare(points[points["is_whole"]], summarize(VIEW, _volume))


def _attacked(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each student and attack: robust accuracy, and whether that many examples were attacked elsewhere."""
    verdicts = counted(frame, [*STUDY, "attack_name", "student", "verdict"])
    robust = standing(verdicts, ["student", "attack_name"])
    ends = [wilson_interval(*pair) for pair in robust[["standing", "n"]].itertuples(index=False)]
    bounds = pd.DataFrame(ends, columns=["robust_accuracy_low", "robust_accuracy_high"], index=robust.index)
    return pd.merge(robust.join(bounds), _wholeness(verdicts), on=["student", "attack_name"])


def _wholeness(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Whether a student was attacked on as many examples as any other of its model, task and seed."""
    sizes = verdicts.groupby([*STUDY, "attack_name", "student"], as_index=False)[["rows"]].sum()
    most = sizes.groupby([*STUDY, "attack_name"])["rows"].transform("max")
    return sizes.assign(is_whole=sizes["rows"] == most)[["student", "attack_name", "is_whole"]]


def _for_each_size(frame: pd.DataFrame) -> pd.DataFrame:
    copies = [frame.assign(size_kind=words, size=frame[column]) for column, words in SIZES.items()]
    return pd.concat(copies, ignore_index=True)


def _mark_front(frame: pd.DataFrame) -> pd.DataFrame:
    marked = frame.assign(on_front=False)
    for _, part in frame.groupby(VIEW, sort=False):
        whole = part[part["is_whole"]]
        marked.loc[whole.index, "on_front"] = pareto_front(_losses(whole))
    return marked


def _losses(frame: pd.DataFrame) -> FloatArray:
    """``(n, 2)``: size and one minus robust accuracy, smaller is better."""
    return np.column_stack([frame["size"], 1 - frame["robust_accuracy"]]).astype(np.float64)


def _volume(part: pd.DataFrame) -> dict[str, Any]:
    of_teacher = part.loc[part["compression"] == TEACHER, "size"]
    whole = of_teacher.mean() if len(of_teacher) else part["size"].max()
    return {"hypervolume": hypervolume(_losses(part) / [whole, 1.0], [1.0, 1.0])}


def draw(points: pd.DataFrame) -> Any:
    """The trade for one model and task; two menus choose the attack and the kind of size."""
    attack = charts.menu("attack_name", "attack", list(points["attack_name"].unique()), EVERY_ATTACK)
    size = charts.menu("size_kind", "size", list(SIZES.values()), ON_DISK)
    shown = points[points["is_whole"]].drop(columns=["model_params", "task_params", "compression_params"])
    is_wide = points["size"].max() > 10 * points["size"].min()
    scale = alt.Scale(type="log" if is_wide else "linear", zero=False, padding=24)
    axis = alt.Axis(labelExpr=f"{ROUND} ? {MEGABYTES} : ''" if is_wide else MEGABYTES, tickCount=5, grid=False)
    x = alt.X("size:Q", title="size of the weights", scale=scale, axis=axis)
    percent_axis = alt.Axis(format="%", tickCount=6)
    y = alt.Y("robust_accuracy:Q", title="robust accuracy", axis=percent_axis, scale=alt.Scale(zero=False))
    tooltip = [
        alt.Tooltip("compression_name:N", title="compression"),
        alt.Tooltip("seed:Q", title="seed"),
        alt.Tooltip("robust_accuracy:Q", format=".1%", title="robust accuracy"),
        alt.Tooltip("robust_accuracy_low:Q", format=".1%", title="95 % from"),
        alt.Tooltip("robust_accuracy_high:Q", format=".1%", title="to"),
        alt.Tooltip("clean_accuracy:Q", format=".1%", title="clean accuracy"),
        alt.Tooltip("bytes:Q", format=",", title="bytes on disk"),
        alt.Tooltip("compressed_bytes:Q", format=",", title="bytes packed"),
    ]
    kinds = list(points["compression"].unique())
    legend = alt.Legend(
        labelExpr=f"datum.label == '{TEACHER}' ? '{TEACHER_NAME}' : datum.label", symbolFillColor="transparent"
    )
    tint = alt.Color("compression:N", title="compression", sort=kinds, legend=legend)
    base = alt.Chart(shown).transform_filter(attack & size).encode(x=x)
    front = base.transform_filter("datum.on_front").mark_line(
        interpolate="step-after", color="#8a94a0", strokeDash=[5, 4], strokeWidth=1.5
    )
    error = base.mark_rule(opacity=0.4, strokeWidth=1.5).encode(
        y=alt.Y("robust_accuracy_low:Q", title="robust accuracy"), y2="robust_accuracy_high:Q", color=tint
    )
    filled = alt.FillOpacity("on_front:N", scale=alt.Scale(domain=[False, True], range=[0.0, 1.0]), legend=None)
    dots = base.mark_point(size=110, strokeWidth=2, opacity=1).encode(
        y=y, color=tint, fill=alt.Fill("compression:N", sort=kinds, legend=None), fillOpacity=filled, tooltip=tooltip
    )
    layers = alt.layer(front.encode(y=y), error, dots)
    return layers.add_params(attack, size).properties(width="container", height=320)


def command(options: Namespace) -> None:
    """Print the students and the volumes; with ``--out``, write them and an interactive page a model and task."""
    found = points(load(options.store, options.sweep), options.where)
    table = students(found)
    columns = measured(table, COLUMNS)
    print_tables("size and robustness", table, columns)
    if (left_out := unjudged(found)) is not None:
        print(f"\n{left_out}")
    for victim, part in by_victim(volumes(found)):
        shown = part.loc[part["size_kind"] == ON_DISK, ["attack_name", "hypervolume"]]
        print(
            f"\nhypervolume, {victim}: " + ", ".join(f"{v:.3f} ({name})" for name, v in shown.itertuples(index=False))
        )
    if options.out:
        write_tables(options.out, "pareto", table, columns, {})
        found.to_csv(options.out / "pareto_points.csv", index=False)
        for victim, part in by_victim(found):
            chart, name = noted(draw(part), found), slug("pareto " + victim)
            page = chart.to_html(inline=True, embed_options={"actions": False, "config": charts.LIGHT})
            (options.out / f"{name}.html").write_text(page, encoding="utf-8")
            charts.save_svg(chart, options.out / f"{name}.svg")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(__doc__, command, argv)


if __name__ == "__main__":
    sys.exit(main())
