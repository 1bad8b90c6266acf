"""How a published data set lies in a folder."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.core.identity import files_digest
from robust_ray.tasks.base import DataSet, Split

SHARES: tuple[tuple[Split, float], ...] = (("train", 0.8), ("valid", 0.9), ("test", 1.0))
"""Upper ends of the share each split gets of a data set that is published whole."""


class Layout(ABC):
    """A layout is recognised by its files, and reads one split: one verb, ``read``."""

    @property
    @abstractmethod
    def published(self) -> tuple[DataSet, ...]:
        """The data sets published like this."""

    @abstractmethod
    def shape(self) -> str:
        """The files it needs, as a noun for refusals."""

    @abstractmethod
    def fits(self, folder: Path) -> bool:
        """Whether any file that tells this layout from others is there."""

    @abstractmethod
    def files(self, folder: Path) -> Sequence[Path]:
        """Every file the data set is made of.

        Raises:
            DataError: one is missing.
        """

    @abstractmethod
    def place(self, folder: Path, split: Split) -> Path:
        """Where the split is read from: a file, or a folder."""

    @abstractmethod
    def read(self, folder: Path, split: Split, language: str) -> Iterator[Example]:
        """The examples of a split in file order, as they are: uids may repeat.

        Raises:
            DataError: a missing file, or a row that cannot be used.
        """

    def language(self, folder: Path) -> str:
        """Of the code, where the user does not say."""
        return self.published[0].languages[0]


def recognise(layouts: Sequence[Layout], folder: Path) -> Layout:
    """The layout of the data set in a folder.

    Raises:
        DataError: there is no folder, or nothing in it tells a layout.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder}: a folder with the data set must be here, but there is none; correct `data` or say `embedded`"
        )
    for layout in layouts:
        if layout.fits(folder):
            return layout
    found = sorted(path.name for path in folder.iterdir())
    shown = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
    wanted = ", or ".join(layout.shape() for layout in layouts)
    raise DataError(f"{folder}: the folder must hold {wanted}, but got {shown or 'nothing'}; correct `data`")


def data_file(folder: Path, name: str) -> Path:
    """The file ``name`` of a data set.

    Raises:
        DataError: it is not there.
    """
    if not (folder / name).is_file():
        raise DataError(f"{folder}: the file {name!r} must be here, but it is not; put the data set as it is published")
    return folder / name


def revision(layout: Layout, folder: Path) -> str:
    """Fingerprint of a data set's files; read again only when one of them has changed.

    Raises:
        DataError: a file is missing.
    """
    state = [(path, path.stat()) for path in layout.files(folder)]
    return _digest(tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in state))


def identified(layout: Layout, folder: Path) -> DataSet | None:
    """The published data set whose checksums the files in the folder have; None where there is no telling."""
    files = {path.name: path for path in layout.files(folder)}
    for data_set in layout.published:
        known = data_set.sha256.keys() & files.keys()
        if known and all(_sha256(files[name]) == data_set.sha256[name] for name in known):
            return data_set
    return None


def hashed_split(group: str) -> Split:
    """The split of a group of examples, where the authors publish none; a group is never divided."""
    share = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64
    return next(split for split, end in SHARES if share < end)


@lru_cache(maxsize=32)
def _digest(state: tuple[tuple[str, int, int], ...]) -> str:
    return files_digest([Path(path) for path, _, _ in state])


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
