"""A matrix drawn as tiles, each with its number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from analysis.charts import LINE, NAME, SPACE, WIDTH, menu

NONE, ALL, UNKNOWN = "#eef2f8", "#27517f", "#c9d0d8"
"""Tiles of a share of nothing, of everything, and of what was not measured …"""

ON_LIGHT, ON_DARK = "#1d2733", "#ffffff"
"""… and the inks to be read on them."""

DARKER = 0.65
"""Share from which on white is read better."""

MOST_NUMBERED = 24
"""Columns among which a tile has room for its number; with more, it is told where one points."""

ROW = 2.6 * LINE
"""Height of a row, in pixels: a kind of student, and below it its settings."""


def draw(table: pd.DataFrame, rows: str, columns: str, value: str, view: str, titles: Mapping[str, str]) -> Any:
    """A tile for each row and column; of several views a menu shows one at a time.

    Names are long, so that rows are numbered, and a column has the number of the row of its name.

    Args:
        table: In reading order; what has a column has a row.
        rows: Column of the names at the left.
        columns: Column of the names at the top.
        value: Column of a share, null for what was not measured; its interval lies in ``<value>_low`` and ``_high``.
        view: Column of which one value is shown at a time.
        titles: Words for these columns and for the counts that are told where one points.
    """
    names, ends = (rows, columns, view), (f"{value}_low", f"{value}_high")
    shown = table[[*titles, *ends]]
    across, down = (list(shown[name].unique()) for name in (columns, rows))
    number = f"(1 + indexof({json.dumps(down)}, {NAME}))"
    kind, settings = f"slice({NAME}, 0, {SPACE})", f"slice({NAME}, {SPACE} + 1)"
    words = f"{SPACE} < 0 ? {number} + ' ' + {NAME} : [{number} + ' ' + {kind}, {settings}]"
    plain = {"ticks": False, "domain": False, "labelPadding": 6}
    at_top = alt.Axis(orient="top", labelExpr=number, labelAngle=0, **plain)
    at_left = alt.Axis(labelExpr=words, labelLineHeight=LINE, labelOffset=-LINE / 2, **plain)
    shares = {value: titles[value], ends[0]: "95 % from", ends[1]: "to"}
    told = [alt.Tooltip(f"{name}:N", title=titles[name]) for name in names]
    told += [alt.Tooltip(f"{name}:Q", title=title) for name, title in titles.items() if name not in (*names, value)]
    told += [alt.Tooltip(f"{name}:Q", title=title, format=".1%") for name, title in shares.items()]
    values = json.loads(shown.to_json(orient="records"))  # as given: Altair takes no frame of more than 5,000 rows
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(f"{columns}:N", title=f"{titles[columns]} (rows: {titles[rows]})", sort=across, axis=at_top),
        y=alt.Y(f"{rows}:N", title=None, sort=down, axis=at_left),
        tooltip=told,
    )
    is_numbered = len(across) <= MOST_NUMBERED
    legend = None if is_numbered else alt.Legend(format="%")
    scale = alt.Scale(domain=[0, 1], range=[NONE, ALL])
    shade = alt.Color(f"{value}:Q", title=titles[value], scale=scale, legend=legend)
    is_known = f"isValid(datum['{value}'])"
    layers = [base.mark_rect().encode(color=alt.condition(is_known, shade, alt.value(UNKNOWN)))]
    if is_numbered:
        share = f"{is_known} ? format(datum['{value}'], '.0%') : '–'"
        ink = alt.condition(f"datum['{value}'] > {DARKER}", alt.value(ON_DARK), alt.value(ON_LIGHT))
        text = base.mark_text(fontSize=max(7.0, min(12.0, 0.3 * WIDTH / len(across))))
        layers.append(text.transform_calculate(share=share).encode(text="share:N", color=ink))
    chart = alt.layer(*layers).properties(width="container", height=alt.Step(ROW))
    choice = menu(view, view.removesuffix("_name"), list(shown[view].unique()))
    return chart.transform_filter(choice).add_params(choice)
