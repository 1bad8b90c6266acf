"""What the commands of this folder share: their options, their one-sentence refusals, and the files they leave."""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.charts import save_svg
from analysis.tables import Column, as_latex, gaps, text
from robust_ray.core.errors import RobustRayError, StoreError

USER_MISTAKE = 2
"""Exit status when the message is meant for the user."""


def parser(description: str | None) -> ArgumentParser:
    """The options every command has."""
    options = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    options.add_argument("--store", required=True, metavar="URI", help="folder or URI of the results")
    options.add_argument("--sweep", metavar="NAME", help="only what this sweep is made of")
    return options


def run(description: str | None, command: Callable[[Namespace], None], argv: Sequence[str] | None) -> int:
    """Run a command that prints a table, narrows it with ``--where`` and writes files to ``--out``."""
    options = parser(description)
    options.add_argument("--where", metavar="EXPRESSION", help="only rows for which this pandas expression holds")
    options.add_argument("--out", type=Path, metavar="DIR", help="folder to write the table and figures to")
    chosen = options.parse_args(argv)
    status = guarded(command, chosen)
    if chosen.out and not status:
        print(f"\nwritten: {chosen.out}")
    return status


def guarded(command: Callable[[Namespace], None], options: Namespace) -> int:
    """The command's exit status; a user's mistake is one sentence and status 2, never a traceback."""
    try:
        command(options)
    except RobustRayError as error:
        print(error, file=sys.stderr)
        return USER_MISTAKE
    except BrokenPipeError:  # whoever reads, ``head`` say, has seen enough; at the end Python would flush, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def write_tables(
    out: Path, name: str, table: pd.DataFrame, columns: Sequence[Column], figures: Mapping[str, Any]
) -> None:
    """``<name>.csv`` with every column, ``<name>.tex`` with the printed ones, and a figure of each title.

    LaTeX (as a comment) and figures say what the rows lack.
    """
    folder(out)
    table.to_csv(out / f"{name}.csv", index=False)
    by = [Column(f"{kind}_name", kind, text) for kind in ("model", "task") if f"{kind}_name" in table]
    note = f"% {gaps(table)}\n" if gaps(table) else ""
    (out / f"{name}.tex").write_text(note + as_latex(table, [*by, *columns]), encoding="utf-8")
    for title, chart in figures.items():
        save_svg(noted(chart, table), out / f"{slug(title)}.svg")


def noted(chart: Any, table: pd.DataFrame) -> Any:
    """The chart, which says under a heading of its own what the rows lack that the table was made of."""
    if not gaps(table):
        return chart
    return chart.properties(title={"text": gaps(table), "anchor": "start", "fontSize": 11, "fontWeight": "normal"})


def folder(path: Path) -> None:
    """Make the folder.

    Raises:
        StoreError: something else lies there, or it may not be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"--out {path}: a folder must be possible here, but {error.strerror}; choose another"
        ) from None


def slug(title: str) -> str:
    """A file name made of a title."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()
