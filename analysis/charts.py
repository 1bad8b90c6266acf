"""Drawing: frames that are already computed become Altair charts. No number is made here.

Charts carry no colours of text or axes: :func:`save_svg` lays a light theme over them, a page one whose colours are
those of its style sheet, so that they change with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from analysis.labels import TEACHER

PALETTE = ["#3f72af", "#d1603d", "#4b9b7f", "#9268b0", "#b9892c", "#5f7d8c", "#c2577f", "#7d8f3a"]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
WIDTH = 560
"""Of a saved figure, in pixels; a page stretches its charts instead."""

LINE = 14
"""Height of one line of an axis label, in pixels."""

NAME, SPACE = "datum.label", "indexof(datum.label, ' ')"
IN_TWO_LINES = f"{SPACE} < 0 ? {NAME} : [slice({NAME}, 0, {SPACE}), slice({NAME}, {SPACE} + 1)]"
"""Vega expression: a student's kind, and its settings below it."""


def theme(ink: str, muted: str, grid: str) -> dict[str, Any]:
    """A Vega configuration in three tones."""
    words = {"labelColor": muted, "titleColor": ink, "labelFont": FONT, "titleFont": FONT}
    sizes = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 500}
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": words | sizes | {"gridColor": grid, "domainColor": grid, "tickColor": grid, "labelLimit": 260},
        "legend": words | sizes | {"orient": "bottom", "direction": "horizontal", "columns": 3, "symbolOpacity": 1},
        "text": {"color": ink, "font": FONT},
        "range": {"category": PALETTE},
    }


LIGHT = theme("#1d2733", "#56616e", "#e3e7ec")
PAGE = theme("var(--ink)", "var(--muted)", "var(--line)")


def menu(field: str, title: str, options: list[str], chosen: str | None = None) -> Any:
    """A drop-down that keeps the rows of one value of ``field``; where there is one value only, it is not shown."""
    value = chosen if chosen in options else options[0]
    bind = alt.binding_select(options=options, name=f"{title} ") if len(options) > 1 else alt.Undefined
    return alt.selection_point(name=f"{field}_shown", fields=[field], bind=bind, value=[{field: value}])


def students() -> Any:
    """An axis of students' names."""
    lines = {"labelExpr": IN_TWO_LINES, "labelLineHeight": LINE, "labelOffset": -LINE / 2}
    return alt.Axis(ticks=False, domain=False, labelPadding=8, **lines)


def intervals(
    frame: pd.DataFrame, value: str, colour: str, *, title: str, colour_title: str, view: str | None = None
) -> Any:
    """A dot and its interval for every compression and ``colour``.

    Args:
        frame: Rows in reading order, with ``compression_name``, ``colour``, ``value`` and the ends of its interval.
        value: Column of a share.
        colour: Column that tells the dots of one compression apart.
        title: Of the horizontal axis.
        colour_title: Of the legend.
        view: Column of which one value is shown at a time, chosen from a menu; None shows all rows.
    """
    low, high = f"{value}_low", f"{value}_high"
    shown = frame[["compression_name", colour, value, low, high, *([view] if view else [])]]
    order = list(shown[colour].unique())
    y = alt.Y("compression_name:N", title=None, sort=list(shown["compression_name"].unique()), axis=students())
    at_top = alt.Axis(format="%", tickCount=6, orient="top", titleAnchor="end")
    x = alt.X(f"{low}:Q", title=title, axis=at_top)
    tooltip = [
        alt.Tooltip("compression_name:N", title="compression"),
        alt.Tooltip(f"{colour}:N", title=colour_title),
        alt.Tooltip(f"{value}:Q", format=".1%", title=title),
        alt.Tooltip(f"{low}:Q", format=".1%", title="95 % from"),
        alt.Tooltip(f"{high}:Q", format=".1%", title="to"),
    ]
    base = alt.Chart(shown).encode(
        y=y,
        yOffset=alt.YOffset(f"{colour}:N", sort=order),
        color=alt.Color(f"{colour}:N", title=colour_title, sort=order, legend=alt.Legend(orient="top")),
        tooltip=tooltip,
    )
    rule = base.mark_rule(strokeWidth=2, opacity=0.5).encode(x=x, x2=f"{high}:Q")
    dot = base.mark_point(filled=True, size=80, opacity=1).encode(x=alt.X(f"{value}:Q"))
    step = alt.Step(max(LINE, 2.6 * LINE / len(order)))
    chart = alt.layer(rule, dot).properties(width="container", height=step)
    if view is None:
        return chart
    choice = menu(view, view.removesuffix("_name"), list(shown[view].unique()))
    return chart.transform_filter(choice).add_params(choice)


def curves(points: pd.DataFrame) -> Any:
    """Attack success rate over the query budget, a line with its interval for each attack, the teacher's dashed.

    Args:
        points: ``compression``, ``compression_name``, ``attack_name``, ``budget``, ``asr`` and the ends of its
            interval; of several compressions a menu shows one at a time.
    """
    columns = ["compression_name", "attack_name", "budget", "asr", "asr_low", "asr_high"]
    of_teacher = points.loc[points["compression"] == TEACHER, columns]
    shown = points[columns]
    budgets = alt.Axis(tickCount=6, format="~s", grid=False)
    x = alt.X("budget:Q", title="queries allowed", scale=alt.Scale(type="log", nice=False), axis=budgets)
    y = alt.Y("asr:Q", title="attack success rate", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    colour = alt.Color("attack_name:N", title="attack", sort=sorted(shown["attack_name"].unique()))
    tooltip = [
        alt.Tooltip("compression_name:N", title="compression"),
        alt.Tooltip("attack_name:N", title="attack"),
        alt.Tooltip("budget:Q", title="queries allowed"),
        alt.Tooltip("asr:Q", format=".1%", title="attack success rate"),
        alt.Tooltip("asr_low:Q", format=".1%", title="95 % from"),
        alt.Tooltip("asr_high:Q", format=".1%", title="to"),
    ]
    names = list(dict.fromkeys([*of_teacher["compression_name"], *shown["compression_name"]]))
    choice = menu("compression_name", "student", names or [""], chosen=names[-1] if names else None)
    mine = alt.Chart(shown).encode(x=x, color=colour).transform_filter(choice)
    band = mine.mark_area(opacity=0.15).encode(y=alt.Y("asr_low:Q"), y2="asr_high:Q")
    line = mine.mark_line(point=True, strokeWidth=2).encode(y=y, tooltip=tooltip)
    dashed = alt.Chart(of_teacher).mark_line(strokeWidth=1.5, strokeDash=[3, 3], opacity=0.7)
    reference = dashed.encode(x=x, y=y, color=colour)
    return alt.layer(band, reference, line).add_params(choice).properties(width="container", height=260)


def ranks(table: pd.DataFrame, groups: Sequence[tuple[int, ...]]) -> Any:
    """A critical-difference diagram: a dot for each setting at its mean rank, a bar over each group.

    Args:
        table: ``compression_name`` and ``mean_rank``, best first.
        groups: Rows of the table that are not told apart.

    Source: Demšar, JMLR 2006, figure 1; a line for each setting in place of the lines to its name.
    """
    names = list(table["compression_name"])
    y = alt.Y("compression_name:N", title=None, sort=names, axis=students())
    span = alt.Scale(domain=[1, max(len(names), 2)])
    x = alt.X("mean_rank:Q", title="mean rank (1 is best)", scale=span, axis=alt.Axis(orient="top", tickMinStep=1))
    shown = table[["compression_name", "mean_rank"]]
    tooltip = [alt.Tooltip("compression_name:N", title="compression"), alt.Tooltip("mean_rank:Q", format=".2f")]
    dots = alt.Chart(shown).mark_point(filled=True, size=80, opacity=1, color=PALETTE[0])
    beside = len(names) / 40
    members = [
        (
            names[row],
            table["mean_rank"].iloc[list(group)].max() + beside * (1 + i),
            i,
        )  # beside its dots and one another
        for i, group in enumerate(groups)
        for row in group
    ]
    bars = pd.DataFrame(members, columns=["compression_name", "mean_rank", "group"])
    bar = alt.Chart(bars).mark_line(strokeWidth=4, color=PALETTE[1]).encode(x=x, y=y, detail="group:N")
    return alt.layer(dots.encode(x=x, y=y, tooltip=tooltip), bar).properties(
        width="container", height=alt.Step(2.6 * LINE)
    )


def save_svg(chart: Any, path: Path) -> None:
    """Write a chart as SVG, without a browser."""
    drawn = chart.properties(width=WIDTH).to_dict()
    path.write_text(vl_convert.vegalite_to_svg(drawn, config=LIGHT | {"background": "white"}), encoding="utf-8")
