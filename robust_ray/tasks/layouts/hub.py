"""The Hugging Face hub, and a folder that holds what it gives: Parquet files named after splits.

Read through the package ``datasets``, which knows how the hub lays out a data set and its configurations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.core.online import hub_answers
from robust_ray.tasks.base import DataSet, Split
from robust_ray.tasks.layouts.base import Layout
from robust_ray.tasks.layouts.json_lines import Interpretation
from robust_ray.tasks.layouts.rows import Row

HUB_SPLITS: dict[Split, str] = {"train": "train", "valid": "validation", "test": "test"}


@dataclass(frozen=True, kw_only=True)
class HubData(Layout):
    """A data set of the hub: fetched by name and commit, or read from a folder it was saved to."""

    name: str
    """``owner/name``."""

    commit: str | None = None
    """The revision that is read where the user names none; None where he must."""

    interpretation: Interpretation
    columns: tuple[str, ...]
    """Names of the fields that are read."""

    data_sets: tuple[DataSet, ...]

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Layout.published`."""
        return self.data_sets

    def shape(self) -> str:
        """See :meth:`Layout.shape`."""
        return f"Parquet files with {', '.join(self.columns)} as in {self.name}"

    def fits(self, folder: Path) -> bool:
        """See :meth:`Layout.fits`."""
        files = self.files(folder)
        return bool(files) and set(self.columns) <= _column_names(files[0])

    def files(self, folder: Path) -> Sequence[Path]:
        """See :meth:`Layout.files`."""
        return sorted(path for pattern in ("*.parquet", "*/*.parquet") for path in folder.glob(pattern))

    def place(self, folder: Path, split: Split) -> Path:
        """See :meth:`Layout.place`."""
        return folder / HUB_SPLITS[split]

    def read(self, folder: Path, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Layout.read`."""
        return self.interpretation(_rows(str(folder), None, split, language), language)

    def fetch(self, commit: str, split: Split, language: str) -> Iterator[Example]:
        """The examples of a split on the hub, in its order.

        Raises:
            DataError: it cannot be had, or a row cannot be used.
        """
        return self.interpretation(_rows(self.name, commit, split, language), language)


def _column_names(path: Path) -> set[str]:
    """Those of a Parquet file; none where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return set(pq.read_schema(path).names)
    except pa.ArrowInvalid:
        return set()


def _rows(source: str, commit: str | None, split: Split, language: str) -> Iterator[Row]:
    """The rows of a split, in the configuration of the language where there is one."""
    table = _load(source, commit, split, language)
    for number, fields in enumerate(table):
        yield Row(f"{source}:{split}[{number}]", {name: _plain(value) for name, value in fields.items()})


def _load(source: str, commit: str | None, split: Split, language: str) -> Any:
    try:
        from datasets import get_dataset_config_names, load_dataset
    except ImportError:
        raise DataError(
            f"{source}: data of the hub is read with the package `datasets`, but it is not installed; "
            "run pip install 'robust-ray[hub]'"
        ) from None
    is_reachable = commit is None or hub_answers()
    try:
        with _trying_once(is_reachable):
            configurations = get_dataset_config_names(source, revision=commit)
            configuration = language if language in configurations else None
            table = load_dataset(source, configuration, split=HUB_SPLITS[split], revision=commit)
    except (OSError, ValueError) as error:
        at = f" at commit {commit}" if commit else ""
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{source}: the split {HUB_SPLITS[split]!r}{at} must be readable, but got {reason}; "
            "correct `data` or `hub_revision`, or fetch the data set where there is a network and give its folder"
        ) from None
    if commit is not None and not is_reachable:
        refuse_other_commits(table, source, commit)
    return table


def refuse_other_commits(table: Any, source: str, commit: str) -> None:
    """Hold what ``datasets`` gives to the commit: where the hub is silent, it takes the newest that it ever fetched.

    Raises:
        DataError: it is another commit's.
    """
    files = [str(file["filename"]) for file in table.cache_files]
    if not all(commit in file for file in files):
        raise DataError(
            f"{source}: the data must be that of commit {commit}, but only that of another was fetched before, and "
            "the hub cannot be reached; fetch it where there is a network, or give its folder as `data`"
        )


@contextmanager
def _trying_once(is_reachable: bool) -> Iterator[None]:
    """Without a way to the hub, have ``datasets`` look on this disk at once instead of trying again and again."""
    from datasets import config

    before = config.HF_HUB_OFFLINE
    config.HF_HUB_OFFLINE = before or not is_reachable
    try:
        yield
    finally:
        config.HF_HUB_OFFLINE = before


def _plain(value: Any) -> Any:
    """Labels of the hub are truth values where the published files have 0 and 1."""
    return int(value) if isinstance(value, bool) else value
