"""JSON lines: ``{train,valid,test}.jsonl``, gzipped or not, or folders ``train``, ``valid`` and ``test`` of such."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from robust_ray.core.examples import Example
from robust_ray.tasks.base import SPLITS, DataSet, Split
from robust_ray.tasks.layouts.base import Layout, data_file
from robust_ray.tasks.layouts.rows import Row, json_rows

Interpretation = Callable[[Iterator[Row], str], Iterator[Example]]
"""The rows of a split and the language of the code → examples."""

ENDINGS = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, kw_only=True)
class JsonLines(Layout):
    """Rows of JSON, each an example or enough to make some."""

    interpretation: Interpretation
    columns: str
    """Names of the fields, for refusals."""

    data_sets: tuple[DataSet, ...]

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Layout.published`."""
        return self.data_sets

    def shape(self) -> str:
        """See :meth:`Layout.shape`."""
        return f"{{train,valid,test}}.jsonl with {self.columns}"

    def fits(self, folder: Path) -> bool:
        """See :meth:`Layout.fits`."""
        return any(_parts(folder, split) for split in SPLITS)

    def files(self, folder: Path) -> Sequence[Path]:
        """See :meth:`Layout.files`."""
        return [part for split in SPLITS for part in _required_parts(folder, split)]

    def place(self, folder: Path, split: Split) -> Path:
        """See :meth:`Layout.place`."""
        parts = _required_parts(folder, split)
        return parts[0] if len(parts) == 1 else folder / split

    def read(self, folder: Path, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Layout.read`."""
        rows = (row for part in _required_parts(folder, split) for row in json_rows(part))
        return self.interpretation(rows, language)


def _required_parts(folder: Path, split: Split) -> list[Path]:
    return _parts(folder, split) or [data_file(folder, f"{split}.jsonl")]


def _parts(folder: Path, split: Split) -> list[Path]:
    """The files of a split in their order: one beside the others, or those in the split's own folder."""
    whole = [path for ending in ENDINGS if (path := folder / f"{split}{ending}").is_file()]
    if whole or not (folder / split).is_dir():
        return whole[:1]
    parts = [path for path in (folder / split).iterdir() if path.name.endswith(ENDINGS)]
    return sorted(parts, key=lambda path: (len(path.name), path.name))  # …_2 comes before …_10
