"""One HTML file that tells the whole study: open it offline, mail it, archive it. It fetches nothing.

python -m analysis.report --store results [--sweep NAME] [--out report.html]
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import vl_convert

from analysis import charts, provenance, ranking, summary
from analysis.command import folder, guarded, parser
from analysis.examples import pick
from analysis.html import template
from analysis.load import MEASURED, Rows, load
from analysis.page import Cast
from analysis.sections import sections
from analysis.tables import count
from robust_ray import __version__
from robust_ray.core.errors import StoreError
from robust_ray.core.records import Verdict

BUNDLE = "window.vegaEmbed = vegaEmbed;"
"""What the inlined Vega libraries offer the page."""


def render(rows: Rows, store: str, sweep: str | None) -> str:
    """The report as one HTML text."""
    found, ranked, cast = summary.answers(rows), ranking.ranking(rows.attacks), Cast(rows)
    return template("report.html.jinja").render(
        store=store,
        sweep=sweep,
        version=__version__,
        gaps=f"Not whole: {rows.gaps}." if rows.gaps else "",
        tiles=tiles(rows),
        overall=summary.overall(ranked),
        paragraphs=summary.paragraphs(found),
        sections=sections(rows, found, ranked, cast),
        examples=pick(rows),
        cast=cast,
        environment=provenance.environment(rows),
        seeds=seeds(rows),
        unreadable=rows.unreadable,
        missing=rows.missing,
        theme=charts.PAGE,
        bundle=vl_convert.javascript_bundle(BUNDLE),
    )


def tiles(rows: Rows) -> list[tuple[str, str]]:
    """The study's extent, as numbers with their nouns."""
    students = set().union(*(frame["student"].unique() for frame in _measured(rows)))
    won = int((rows.attacks["verdict"] == Verdict.SUCCEEDED).sum())
    numbers = [
        (len(students), "victims, teachers included"),
        (rows.attacks["attack_name"].nunique(), "attacks"),
        (len(rows.attacks), "attacked examples"),
        (won, "adversarial examples, all checked to be valid"),
    ]
    return [(count(number), noun) for number, noun in numbers]


def seeds(rows: Rows) -> list[int]:
    """All that the rows were made with."""
    return sorted(set().union(*(frame["seed"].unique() for frame in _measured(rows))))


def _measured(rows: Rows) -> list[pd.DataFrame]:
    return [getattr(rows, record.table) for record in MEASURED]


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
