r"""Authorship attribution as ALERT publishes it: lines ``code <CODESPLIT> author``, with ``\n`` for every new line.

Source: https://github.com/soarsmu/attack-pretrain-models-of-code (Google Code Jam, Python, 66 authors).

Deviations: ALERT has ``train.txt`` and ``valid.txt`` alone, and chooses its model by the examples it then attacks. Here
``valid.txt`` is the test split where there is no ``test.txt``, and one in eight of each author's training programs, the
first by a hash, is the validation split. In the published files ``\n`` in a literal looks like a new line; it is told
apart by the quotes around it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.tasks.base import DataSet, Split
from robust_ray.tasks.layouts.base import Layout, data_file
from robust_ray.tasks.layouts.rows import content_uid, lines

GCJ_AUTHORSHIP = DataSet(
    name="Google Code Jam authors (ALERT)",
    link="https://github.com/soarsmu/attack-pretrain-models-of-code",
    licence="MIT; the programs belong to the contestants",
    languages=("python",),
    sizes={"test": 132},
)

SEPARATOR = " <CODESPLIT> "
HELD_OUT = 8
"""One in so many training programs of an author validates, where the data set has no split for that."""

INDENT = "  "
"""What the published files put before every line of a program but the first."""

_NEW_LINE = r"\n"
_TOKEN = re.compile(r"""#(?:(?!\\n).)*|('{3}|"{3})(?:\\(?!n).|.)*?\1|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\\n|.""", re.S)


class _Row(NamedTuple):
    code: str
    author: str
    where: str


class Authorship(Layout):
    """Programs and their authors, whose names are the labels."""

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Layout.published`."""
        return (GCJ_AUTHORSHIP,)

    def shape(self) -> str:
        """See :meth:`Layout.shape`."""
        return f"train.txt and valid.txt with lines `code{SEPARATOR}author`"

    def fits(self, folder: Path) -> bool:
        """See :meth:`Layout.fits`."""
        return any((folder / name).is_file() for name in ("train.txt", "valid.txt"))

    def files(self, folder: Path) -> Sequence[Path]:
        """See :meth:`Layout.files`."""
        more = [folder / "test.txt"] if (folder / "test.txt").is_file() else []
        return [data_file(folder, "train.txt"), data_file(folder, "valid.txt"), *more]

    def place(self, folder: Path, split: Split) -> Path:
        """See :meth:`Layout.place`."""
        files = self.files(folder)
        if len(files) == 3:
            return data_file(folder, f"{split}.txt")
        return files[1] if split == "test" else files[0]

    def authors(self, folder: Path) -> tuple[str, ...]:
        """Names of the authors of the training examples, in label order: numbers by value, others by letter."""
        path = data_file(folder, "train.txt")
        stat = path.stat()
        return _authors(path, stat.st_mtime_ns, stat.st_size)

    def read(self, folder: Path, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Layout.read`."""
        labels = {author: label for label, author in enumerate(self.authors(folder))}
        rows = list(_rows(self.place(folder, split)))
        if split != "test" and len(self.files(folder)) == 2:
            held_out = _held_out(rows)
            rows = [row for row in rows if (row.code in held_out) == (split == "valid")]
        for row in rows:
            if row.author not in labels:
                raise DataError(
                    f"{row.where}: every author must have an example in train.txt, but {row.author!r} has none; "
                    "drop the line or add one"
                )
            uid = content_uid(row.code)
            yield Example(uid=uid, segments=(row.code,), label=labels[row.author], language=language)


def restored(line: str) -> str:
    """The program that was written in one line."""
    text = "".join(_restored(found) for found in _TOKEN.finditer(line))
    first, *rest = text.split("\n")
    if all(each.startswith(INDENT) for each in rest if each.strip()):
        rest = [each.removeprefix(INDENT) for each in rest]
    return "\n".join([first, *rest]).strip("\n") + "\n"


def _restored(token: re.Match[str]) -> str:
    """A new line where one is meant: outside of literals, and in those between three quotes."""
    text = token[0]
    if text == _NEW_LINE or token[1]:
        return text.replace(_NEW_LINE, "\n")
    return text


def _held_out(rows: Sequence[_Row]) -> set[str]:
    """The same share of each author's programs, whatever their order: one at least where another is left."""
    by_author: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_author[row.author].add(row.code)
    return {
        code
        for own in by_author.values()
        for code in sorted(own, key=content_uid)[: min(max(1, len(own) // HELD_OUT), len(own) - 1)]
    }


def _rows(path: Path) -> Iterator[_Row]:
    for where, line in lines(path):
        code, separator, author = line.rpartition(SEPARATOR)
        if not separator or not author.strip():
            raise DataError(f"{where}: `code{SEPARATOR}author` must hold, but got {line[-40:]!r}; correct the line")
        yield _Row(restored(code), author.strip(), where)


@lru_cache(maxsize=8)
def _authors(path: Path, _modified: int, _size: int) -> tuple[str, ...]:
    found = {row.author for row in _rows(path)}
    if all(author.isdecimal() for author in found):
        return tuple(sorted(found, key=int))
    return tuple(sorted(found))


LAYOUT = Authorship()
