"""The nouns of a page: sections made of figures and tables, every row of which leads to the student it is of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from analysis import tables
from analysis.command import slug
from analysis.labels import flatten
from analysis.load import Rows
from analysis.operations import CELL, prepare, teacher_first
from analysis.tables import Column, by_victim, measured, text

MOST = 4000
"""Rows of one table at most; a page is to be mailed."""

DIGITS = 5
"""Significant ones of a number on the page; the commands write all."""

WHOSE = [
    Column("model_name", "model", text, if_it_differs=True),
    Column("task_name", "task", text, if_it_differs=True),
]
"""First columns of every table, where there is more than one model, or task."""


class Cell(NamedTuple):
    """One cell: what a reader sees, and what a program sorts by and writes to a file."""

    text: str
    interval: str
    value: str
    """The number, or the number and the ends of its interval; empty where nothing was measured, and of words."""

    name: str
    """Of its column."""

    is_text: bool


class Row(NamedTuple):
    """One row, and the student it is of."""

    student: int | None
    """Place in :class:`Cast`."""

    cells: Sequence[Cell]


class Table(NamedTuple):
    """A table that can be sorted, narrowed and taken away."""

    title: str
    name: str
    """Of its files."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    left_out: int
    """Rows that are too many for a page."""


class Figure(NamedTuple):
    """A chart as the template embeds it."""

    name: str
    victim: str
    caption: str
    spec: dict[str, Any]


class Section(NamedTuple):
    """One question, and what answers it."""

    name: str
    """Its anchor."""

    title: str
    question: str
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    """Below the figures: what the numbers come to, or how they were made."""

    warnings: Sequence[str] = ()
    nothing: str = "Nothing of this has been measured yet."
    """What to say instead where there are no rows."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.figures or any(table.rows for table in self.tables))


class Cast:
    """Every student of a study: where it stands, and its settings."""

    def __init__(self, rows: Rows) -> None:
        frames = [frame[CELL] for frame in (rows.evaluations, rows.attacks, rows.fidelity) if len(frame)]
        known = prepare(pd.concat([frame.drop_duplicates() for frame in frames]).drop_duplicates(), teacher_first())
        self.victims = [victim for victim, _ in by_victim(known)]
        """``model on task``, in reading order."""

        self.students: list[dict[str, Any]] = []
        """Victim, name and settings of each; what the page's JSON holds."""

        self._places: dict[tuple[str, str], int] = {}
        for victim, part in by_victim(known):
            for name, params in zip(part["compression_name"], part["compression_params"], strict=True):
                self._places[victim, name] = len(self.students)
                settings = flatten(json.loads(params))
                self.students.append({"victim": self.victims.index(victim), "name": name, "settings": settings})

    def place(self, row: Any) -> int | None:
        """Whom a row of a frame is of; None where it is of nobody, or of several."""
        name = getattr(row, "compression_name", None)
        return self._places.get((f"{getattr(row, 'model_name', '')} on {getattr(row, 'task_name', '')}", str(name)))

    def table(self, title: str, frame: pd.DataFrame, columns: Sequence[Column]) -> Table:
        """The measured columns of a frame, ready to print."""
        shown = measured(frame, [*WHOSE, *columns])
        rows = [
            Row(self.place(row), [_cell(row, column) for column in shown])
            for row in frame.head(MOST).itertuples(index=False)
        ]
        return Table(title, slug(title), shown, rows, len(frame) - len(rows))


def figures(kind: str, frame: pd.DataFrame, draw: Callable[[pd.DataFrame], Any], caption: str) -> list[Figure]:
    """One chart for each model and task."""
    return [
        Figure(slug(f"{kind} {victim}"), victim, caption, slim(draw(part).to_dict()))
        for victim, part in by_victim(frame)
    ]


def slim(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A chart without the columns it does not draw, its numbers to :data:`DIGITS` digits."""
    drawing = {name: value for name, value in spec.items() if name != "datasets"}
    used = set(re.findall(r"\w+", json.dumps(drawing)))
    datasets = {
        name: [{column: _short(value) for column, value in row.items() if column in used} for row in rows]
        for name, rows in spec.get("datasets", {}).items()
    }
    return drawing | {"datasets": datasets}


def _short(value: Any) -> Any:
    return float(_digits(value)) if isinstance(value, float) else value


def _digits(value: float) -> str:
    """The number as a page holds it; a whole one keeps all its digits."""
    return str(int(value)) if float(value).is_integer() else f"{value:.{DIGITS}g}"


def _cell(row: Any, column: Column) -> Cell:
    shown = tables.cell(row, column)
    is_text = column.form is text
    value = "" if is_text else " ".join(map(_digits, _numbers(row, column)))
    return Cell(shown.text, shown.interval, value, column.name, is_text)


def _numbers(row: Any, column: Column) -> Iterator[float]:
    """The number and, where there are any, the ends of its interval."""
    for end in ("", "_low", "_high"):
        value = getattr(row, column.name + end, None)
        if value is not None and pd.notna(value):
            yield float(value)
