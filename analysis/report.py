"""One HTML file that tells the whole study: open it offline, mail it, archive it. It fetches nothing.

python -m analysis.report --store results [--sweep NAME] [--out report.html]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd
import vl_convert

from analysis import charts, costs, data, fidelity, pareto, provenance, robustness, summary
from analysis.command import folder, guarded, parser, slug
from analysis.examples import pick
from analysis.load import Rows, load
from analysis.tables import Cell, Column, by_victim, cells, count, measured
from robust_ray.core.errors import StoreError

TEMPLATE = "report.html.jinja"
BUNDLE = "window.vegaEmbed = vegaEmbed;"
"""What the inlined Vega libraries offer the page."""


class Table(NamedTuple):
    """A table as the template prints it."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


class Figure(NamedTuple):
    """A chart as the template embeds it."""

    name: str
    """Identifier in the page."""

    title: str
    spec: dict[str, Any]


def render(rows: Rows, store: str, sweep: str | None) -> str:
    """The report as one HTML text."""
    found = summary.Findings(
        costs=costs.costs(rows.evaluations),
        robustness=robustness.robustness(rows.attacks),
        points=pareto.points(rows),
        violations=fidelity.violations(rows.fidelity),
        outcomes=provenance.outcomes(rows.attacks),
    )
    calibration, drops = fidelity.calibration(rows.fidelity), fidelity.drops(rows.attacks)
    datasets = data.splits(rows.datasets)
    failures, errors = provenance.failures(rows.runs), provenance.errors(rows.attacks)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        store=store,
        sweep=sweep,
        tiles=tiles(rows),
        paragraphs=summary.paragraphs(found),
        trade_figures=figures("trade", found.points, pareto.draw),
        trade_tables=tables(pareto.students(found.points), pareto.COLUMNS),
        volumes=list(by_victim(pareto.volumes(found.points))),
        attack_figures=figures("attacks", found.robustness, robustness.draw),
        attack_tables=tables(found.robustness, robustness.COLUMNS),
        effort_tables=tables(found.robustness, robustness.EFFORT),
        fidelity_figures=figures("fidelity", found.violations, fidelity.draw),
        violation_tables=tables(found.violations, fidelity.VIOLATIONS),
        calibration_tables=tables(calibration, fidelity.CALIBRATION),
        drop_tables=tables(drops, fidelity.DROPS),
        data_tables=[table(task, part, data.SPLITS) for task, part in data.by_task(datasets)],
        data_warnings=data.warnings(datasets),
        quality_tables=tables(found.costs, costs.QUALITY),
        cost_tables=tables(found.costs, costs.COST),
        examples=pick(rows.attacks),
        outcome_tables=tables(found.outcomes, provenance.OUTCOMES),
        failures=table("calls that never succeeded", failures, provenance.FAILURES),
        errors=table("examples on which an attack broke", errors, provenance.ERRORS),
        unreadable=rows.unreadable,
        missing=rows.missing,
        environment=provenance.environment(rows),
        themes={"light": charts.LIGHT, "dark": charts.DARK},
        bundle=vl_convert.javascript_bundle(BUNDLE),
    )


def tiles(rows: Rows) -> list[tuple[str, str]]:
    """The study's extent, as numbers with their nouns."""
    frames = [rows.evaluations, rows.attacks, rows.fidelity]
    students = set().union(*(frame["student"] for frame in frames))
    won = int((rows.attacks["verdict"] == "SUCCEEDED").sum())
    numbers = [
        (len(students), "victims, teachers included"),
        (rows.attacks["attack_name"].nunique(), "attacks"),
        (len(rows.attacks), "attacked examples"),
        (won, "adversarial examples, all checked to be valid"),
    ]
    return [(count(number), noun) for number, noun in numbers]


def table(title: str, frame: pd.DataFrame, columns: Sequence[Column]) -> Table:
    """A frame's measured columns, ready to print."""
    shown = measured(frame, columns)
    return Table(title, shown, cells(frame, shown))


def tables(frame: pd.DataFrame, columns: Sequence[Column]) -> list[Table]:
    """One table for each model and task."""
    return [table(victim, part, columns) for victim, part in by_victim(frame)]


def figures(kind: str, frame: pd.DataFrame, draw: Callable[[pd.DataFrame], Any]) -> list[Figure]:
    """One chart for each model and task."""
    return [Figure(slug(f"{kind} {victim}"), victim, draw(part).to_dict()) for victim, part in by_victim(frame)]


def command(options: Namespace) -> None:
    """Write the report and say where it is."""
    out = options.out or _beside(options.store)
    text = render(load(options.store, options.sweep), options.store, options.sweep)
    folder(out.parent)
    out.write_text(text, encoding="utf-8")
    print(out)


def _beside(store: str) -> Path:
    """``report.html`` in a store on this machine's disks."""
    if "://" in store:
        raise StoreError(
            f"{store}: the report of a remote store needs a place on this machine, but got none; add --out FILE"
        )
    return Path(store).expanduser() / "report.html"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    options = parser(__doc__)
    options.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write it (default: report.html in the store)"
    )
    return guarded(command, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
