"""OWASP Benchmark for Java: ``expectedresults-*.csv`` and the servlets under ``src/main/java``.

A line of the table is ``test name,category,real vulnerability,cwe``. Source:
https://github.com/OWASP-Benchmark/BenchmarkJava.

Deviations: published whole, so servlets are split here by a hash of their names. Comments, package and imports are left
out: they are the same in all servlets and would fill half of a model's window.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.tasks.base import DataSet, Split
from robust_ray.tasks.layouts.base import Layout, data_file, hashed_split
from robust_ray.tasks.layouts.comments import without_comments
from robust_ray.tasks.layouts.rows import lines, whole_text

OWASP_BENCHMARK = DataSet(
    name="OWASP Benchmark for Java",
    link="https://github.com/OWASP-Benchmark/BenchmarkJava",
    licence="GPL-2.0",
    languages=("java",),
    sizes={},
)

TABLES = "expectedresults-*.csv"
SERVLETS = Path("src/main/java/org/owasp/benchmark/testcode")
_HEADER = re.compile(r"^(?:package|import)\s[^;]*;[^\S\n]*\n", re.MULTILINE)


class OwaspBenchmark(Layout):
    """One table of labels, one file a servlet."""

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Layout.published`."""
        return (OWASP_BENCHMARK,)

    def shape(self) -> str:
        """See :meth:`Layout.shape`."""
        return f"{TABLES} and {SERVLETS} as in OWASP Benchmark"

    def fits(self, folder: Path) -> bool:
        """See :meth:`Layout.fits`."""
        return any(folder.glob(TABLES))

    def files(self, folder: Path) -> Sequence[Path]:
        """See :meth:`Layout.files`."""
        return [_table(folder), *(_servlet(folder, name) for name, _ in _labels(folder))]

    def place(self, folder: Path, split: Split) -> Path:
        """See :meth:`Layout.place`."""
        return _table(folder)

    def read(self, folder: Path, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Layout.read`."""
        for name, label in _labels(folder):
            if hashed_split(name) == split:
                text = _HEADER.sub("", without_comments(whole_text(_servlet(folder, name)), language)).lstrip()
                yield Example(uid=name, segments=(text,), label=label, language=language)


def _labels(folder: Path) -> Iterator[tuple[str, int]]:
    """Name and label of every servlet."""
    for where, line in lines(_table(folder)):
        if line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if len(cells) < 3 or cells[2] not in ("true", "false"):
            raise DataError(
                f"{where}: `test name,category,true or false,…` must hold, but got {line!r}; correct the line"
            )
        yield cells[0], int(cells[2] == "true")


def _table(folder: Path) -> Path:
    """The newest of the tables in the folder."""
    return max(folder.glob(TABLES), default=None) or data_file(folder, TABLES)


def _servlet(folder: Path, name: str) -> Path:
    return data_file(folder, str(SERVLETS / f"{name}.java"))


LAYOUT = OwaspBenchmark()
