"""A table is a declaration: columns with a heading, a form and an explanation; written as text, LaTeX or HTML cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

Form = Callable[[Any], str]
NOT_MEASURED = "–"
_GAPS = "gaps"
NO_BREAK = "\N{NO-BREAK SPACE}"


class Column(NamedTuple):
    """One column of a printed table."""

    name: str
    """Column of the frame; its interval, where it has one, lies in ``<name>_low`` and ``<name>_high``."""

    heading: str
    form: Form
    help: str = ""
    """What the number is, in one sentence."""

    if_it_differs: bool = False
    """Whether to leave the column out where every row says the same."""


class Cell(NamedTuple):
    """One cell as a reader sees it, with what to sort it by."""

    text: str
    interval: str
    sort: str
    numeric: bool


def cell(row: Any, column: Column) -> Cell:
    """The cell of one row; what was not measured is a dash, never a zero."""
    value = getattr(row, column.name)
    numeric = column.form is not text
    if pd.isna(value):
        return Cell(NOT_MEASURED, "", "", numeric)
    low, high = (getattr(row, f"{column.name}_{end}", math.nan) for end in ("low", "high"))
    interval = "" if pd.isna(low) or pd.isna(high) else f"[{column.form(low)}, {column.form(high)}]"
    return Cell(column.form(value), interval.replace(f"{NO_BREAK}%", ""), str(value), numeric)


def cells(frame: pd.DataFrame, columns: Sequence[Column]) -> list[list[Cell]]:
    """All cells, row by row."""
    return [[cell(row, column) for column in columns] for row in frame.itertuples(index=False)]


def measured(frame: pd.DataFrame, columns: Sequence[Column]) -> list[Column]:
    """The columns that tell something: at least one row has a value, and another one where that is asked for."""
    told = {column.name: frame[column.name].nunique() for column in columns if column.name in frame}
    return [column for column in columns if told.get(column.name, 0) > column.if_it_differs]


def as_text(frame: pd.DataFrame, columns: Sequence[Column]) -> str:
    """The table for a terminal."""
    body = [[f"{c.text} {c.interval}".rstrip() for c in row] for row in cells(frame, columns)]
    lines = [[column.heading for column in columns], *body]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    lines.insert(1, ["─" * width for width in widths])
    left = [column.form is text for column in columns]
    padded = (
        [
            entry.ljust(width) if is_left else entry.rjust(width)
            for entry, width, is_left in zip(line, widths, left, strict=True)
        ]
        for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in padded)


def as_latex(frame: pd.DataFrame, columns: Sequence[Column]) -> str:
    """The table as a booktabs ``tabular``."""
    alignment = "".join("l" if column.form is text else "r" for column in columns)
    lines = [[column.heading for column in columns]]
    lines += [[f"{c.text} {c.interval}".rstrip() for c in row] for row in cells(frame, columns)]
    rows = [" & ".join(map(_latex, line)) + r" \\" for line in lines]
    parts = [
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        rows[0],
        r"\midrule",
        *rows[1:],
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(parts) + "\n"


def with_gaps(frame: pd.DataFrame, lacking: str) -> pd.DataFrame:
    """The frame, which from now on carries in words what its rows lack, if they lack anything."""
    if not lacking:
        return frame
    noted = frame.copy(deep=False)
    noted.attrs[_GAPS] = lacking
    return noted


def gaps(frame: pd.DataFrame) -> str:
    """What the rows lack that a table was made of ("12 of 40 calls missing"); empty where nothing is known to be."""
    return str(frame.attrs.get(_GAPS, ""))


def by_victim(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """``model on task`` with its rows: what a heading above the table says once need not stand in every row."""
    for (model, task), part in frame.groupby(["model_name", "task_name"], sort=False):
        yield f"{model} on {task}", part


def print_tables(title: str, frame: pd.DataFrame, columns: Sequence[Column]) -> None:
    """One table for each model and task, under its heading."""
    note = f" ({gaps(frame)})" if gaps(frame) else ""
    if frame.empty:
        print(f"\n{title}{note}: no such rows")
    for victim, part in by_victim(frame):
        print(f"\n{title}, {victim}{note}\n\n{as_text(part, columns)}")


def text(value: Any) -> str:
    """As it stands."""
    return str(value)


def count(value: float) -> str:
    """A whole number, thousands apart."""
    return f"{value:,.0f}"


def number(value: float) -> str:
    """A measurement: no decimals from a hundred on, three below one."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"


def percent(value: float) -> str:
    """A share, in per cent, the sign held to its number."""
    return f"{100 * value:.1f}{NO_BREAK}%"


def points(value: float) -> str:
    """A difference of shares, in percentage points, signed."""
    return f"{100 * value:+.1f}".replace("-", "−")


def relative(value: float) -> str:
    """A change in per cent of something, signed."""
    return f"{value:+,.0f}{NO_BREAK}%".replace("-", "−")


def megabytes(value: float) -> str:
    """Bytes, in units of 10⁶."""
    return f"{value / 1e6:,.1f} MB" if value >= 1e5 else f"{value / 1e3:,.1f} kB"


def operations(value: float) -> str:
    """Multiplications and additions, in units of 10⁶ or 10⁹."""
    return f"{value / 1e9:,.2f} G" if value >= 1e8 else f"{value / 1e6:,.2f} M"


def milliseconds(value: float) -> str:
    """Seconds, in thousandths."""
    return f"{1e3 * value:,.2f} ms"


def millijoules(value: float) -> str:
    """Joules, in thousandths."""
    return f"{1e3 * value:,.1f} mJ"


_LATEX = {"\\": r"\textbackslash{}", "−": "$-$", "–": "--", NO_BREAK: "~", "×": r"$\times$"} | {
    c: "\\" + c for c in "&%$#_{}"
}


def _latex(word: str) -> str:
    return "".join(_LATEX.get(character, character) for character in word)
