"""What the pages of the papers share: the claims with their verdicts, the tables below, and where both are written."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import vl_convert

from analysis import charts
from analysis.command import folder, guarded, noted, parser, slug, write_tables
from analysis.html import template
from analysis.load import Rows, load
from analysis.operations import names_in
from analysis.papers import findings
from analysis.papers.findings import RULE, Judged, Ruling
from analysis.tables import Column, as_latex, as_text, by_victim, cells, measured, with_gaps

TEMPLATE = "paper.html.jinja"
COLOURS = {Ruling.SUPPORTED: "#4b9b7f", Ruling.CONTRADICTED: "#d1603d", Ruling.NOT_SETTLED: "#8a94a0"}
WIDEST_CLAIM = 460
"""Of the words beside the figure, in pixels."""


class Sheet(NamedTuple):
    """A table of a paper, in its layout."""

    title: str
    frame: pd.DataFrame
    columns: Sequence[Column]
    figures: Mapping[str, Any] = {}
    caption: str = ""


class Page(NamedTuple):
    """A paper, held against rows."""

    name: str
    title: str
    citation: str
    notes: Sequence[str]
    """What a reader must know first: what is missing, and what differs from the paper's study."""

    judged: Sequence[Judged]
    sheets: Sequence[Sheet]
    gaps: str = ""
    """What the rows lack; stands on every figure and table that leaves the page."""

    @property
    def questions(self) -> Iterator[tuple[str, list[Judged]]]:
        """The research questions with their findings, in order."""
        for question, group in groupby(self.judged, key=lambda judged: judged.finding.question):
            yield question, list(group)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings have each verdict."""
        return {ruling.value: sum(judged.ruling is ruling for judged in self.judged) for ruling in Ruling}


Build = Callable[[Rows, str | None], Page]


def notes(rows: Rows, study: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> list[str]:
    """What limits the answers: a sweep half done, one seed, and where the study is not the paper's.

    Args:
        rows: All that was loaded.
        study: Noun (``models``) → what the rows have, and what the paper has.
    """
    said = [f"Not whole: {rows.gaps}. All below is of what is there."] if rows.gaps else []
    if rows.attacks["seed"].nunique() == 1:
        said.append("One seed: how much another training would change is in no interval.")
    for noun, (here, there) in study.items():
        if absent := [name for name in there if name not in here]:
            measured = ", ".join(here) or "none"
            said.append(f"{noun.capitalize()}: {measured}; of the paper's not measured: {', '.join(absent)}.")
    return said


def main(build: Build, description: str | None, argv: Sequence[str] | None) -> int:
    """The command of a paper."""
    options = parser(description)
    options.add_argument("--where", metavar="EXPRESSION", help="only rows of students for which this expression holds")
    options.add_argument("--out", type=Path, metavar="DIR", help="folder to write tables and figures to")
    options.add_argument("--html", type=Path, metavar="FILE", help="where to write all of it as one page")

    def command(chosen: Namespace) -> None:
        page = build(load(chosen.store, chosen.sweep, names_in(chosen.where)), chosen.where)
        print(as_words(page))
        if chosen.out:
            write(page, chosen.out)
            print(f"\nwritten: {chosen.out}")
        if chosen.html:
            folder(chosen.html.parent)
            chosen.html.write_text(as_html(page, chosen.store, chosen.sweep), encoding="utf-8")
            print(f"\nwritten: {chosen.html}")

    return guarded(command, options.parse_args(argv))


def as_words(page: Page) -> str:
    """The page for a terminal."""
    parts = [f"{page.title}\n{page.citation}", *page.notes, RULE, _counted(page)]
    for question, judged in page.questions:
        parts.append("\n".join([question, *(f"  {each.finding.claim}\n    {each.sentence}" for each in judged)]))
    for sheet in page.sheets:
        parts += [f"{title}\n\n{as_text(part, shown)}" for title, part, shown in _split(sheet)]
    return "\n\n".join(parts)


def write(page: Page, out: Path) -> None:
    """The claims and every table, as CSV, LaTeX and figures."""
    folder(out)
    table = with_gaps(findings.table(page.judged), page.gaps)
    table.to_csv(out / f"{page.name}-findings.csv", index=False)
    (out / f"{page.name}-findings.tex").write_text(as_latex(table, findings.COLUMNS), encoding="utf-8")
    if len(drawn := _drawable(page.judged)):
        charts.save_svg(noted(draw(drawn), table), out / f"{page.name}-findings.svg")
    for sheet in page.sheets:
        name = f"{page.name}-{slug(sheet.title)}"
        figures = {f"{name} {title}": chart for title, chart in sheet.figures.items()}
        frame = with_gaps(sheet.frame, page.gaps)
        write_tables(out, name, frame, measured(frame, sheet.columns), figures)


def as_html(page: Page, store: str, sweep: str | None) -> str:
    """The page as one file that fetches nothing and runs nothing: its figures are drawn already."""
    drawn = _drawable(page.judged)
    whole = with_gaps(drawn, page.gaps)
    return template(TEMPLATE).render(
        page=page,
        rule=RULE,
        counted=_counted(page),
        store=store,
        sweep=sweep,
        overview=as_svg(noted(draw(drawn), whole)) if len(drawn) else "",
        sheets=[
            (
                sheet,
                [(title, as_svg(noted(chart, whole))) for title, chart in sheet.figures.items()],
                [(title, shown, cells(part, shown)) for title, part, shown in _split(sheet)],
            )
            for sheet in page.sheets
        ],
    )


def draw(drawn: pd.DataFrame) -> Any:
    """Every claim about shares: its effect with the interval, in the colour of its verdict."""
    rulings = [ruling for ruling in COLOURS if ruling.value in set(drawn["ruling"])]
    colour = alt.Color(
        "ruling:N",
        title=None,
        sort=[ruling.value for ruling in rulings],
        scale=alt.Scale(domain=[ruling.value for ruling in rulings], range=[COLOURS[ruling] for ruling in rulings]),
    )
    axis = alt.Axis(labelLimit=WIDEST_CLAIM, ticks=False, domain=False, labelPadding=8)
    x = alt.X("effect_low:Q", title="effect (points)", axis=alt.Axis(format="+%", tickCount=6))
    y = alt.Y("claim:N", title=None, sort=list(drawn["claim"]), axis=axis)
    base = alt.Chart(drawn[["claim", "ruling", "effect", "effect_low", "effect_high", "bound"]]).encode(y=y)
    bound = base.mark_tick(thickness=2, color="#8a94a0").encode(x="bound:Q")
    rule = base.mark_rule(strokeWidth=2, opacity=0.5).encode(x=x, x2="effect_high:Q", color=colour)
    dot = base.mark_point(filled=True, size=80, opacity=1).encode(x="effect:Q", color=colour)
    room = {"left": 48, "right": 5, "top": 5, "bottom": 5}  # a reader's font may be wider than the one measured with
    return alt.layer(bound, rule, dot).properties(width="container", height=alt.Step(22), padding=room)


def as_svg(chart: Any) -> str:
    """A chart as the SVG element of a page."""
    return str(vl_convert.vegalite_to_svg(chart.properties(width=charts.WIDTH).to_dict(), config=charts.LIGHT))


def _counted(page: Page) -> str:
    told = ", ".join(f"{number} {ruling}" for ruling, number in page.counts.items())
    return f"{len(page.judged)} findings: {told}."


def _drawable(judged: Sequence[Judged]) -> pd.DataFrame:
    """The claims that are of differences of shares, and have an interval."""
    table = findings.table([each for each in judged if each.finding.scale is findings.POINTS])
    return table.dropna(subset=["effect_low"]) if len(table) else table


def _split(sheet: Sheet) -> Iterator[tuple[str, pd.DataFrame, list[Column]]]:
    """A table for each model and task, with the columns that tell something in any."""
    shown = measured(sheet.frame, sheet.columns)
    for victim, part in by_victim(sheet.frame):
        yield f"{sheet.title}, {victim}", part, shown
