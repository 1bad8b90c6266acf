"""Where a task's data comes from, if it is not embedded: a folder, or the Hugging Face hub."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.core.examples import Example
from robust_ray.core.paths import user_path
from robust_ray.tasks.base import DataSet, Split
from robust_ray.tasks.layouts.base import Layout, identified, recognise, revision
from robust_ray.tasks.layouts.hub import HubData

HUB = "hub"
"""What ``data`` says for the task's first data set on the hub; ``hub:owner/name`` for another of them."""

_COMMIT = re.compile("[0-9a-f]{40}")


class Source(ABC):
    """Data of a fixed content: one verb, ``read``."""

    @property
    @abstractmethod
    def published(self) -> tuple[DataSet, ...]:
        """Published data sets that this may be; the only one if that is certain."""

    @property
    @abstractmethod
    def language(self) -> str:
        """Of the code, where the user does not say."""

    @abstractmethod
    def revision(self) -> str:
        """Fingerprint of the content.

        Raises:
            DataError: a file is missing.
        """

    @abstractmethod
    def place(self, split: Split) -> str:
        """Where a split is read from, for refusals."""

    @abstractmethod
    def read(self, split: Split, language: str) -> Iterator[Example]:
        """The examples of a split as they are: uids may repeat.

        Raises:
            DataError: a missing file, or a row that cannot be used.
        """


@dataclass(frozen=True)
class InFolder(Source):
    """A data set as it is published."""

    layout: Layout
    folder: Path

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Source.published`."""
        certain = identified(self.layout, self.folder)
        return self.layout.published if certain is None else (certain,)

    @property
    def language(self) -> str:
        """See :attr:`Source.language`."""
        return self.layout.language(self.folder)

    def revision(self) -> str:
        """See :meth:`Source.revision`."""
        return revision(self.layout, self.folder)

    def place(self, split: Split) -> str:
        """See :meth:`Source.place`."""
        return str(self.layout.place(self.folder, split))

    def read(self, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Source.read`."""
        return self.layout.read(self.folder, split, language)


@dataclass(frozen=True)
class OnHub(Source):
    """A data set of the hub at one commit."""

    data: HubData
    commit: str

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Source.published`."""
        return self.data.published

    @property
    def language(self) -> str:
        """See :attr:`Source.language`."""
        return self.data.published[0].languages[0]

    def revision(self) -> str:
        """See :meth:`Source.revision`."""
        return f"{self.data.name}@{self.commit}"

    def place(self, split: Split) -> str:
        """See :meth:`Source.place`."""
        return f"{self.revision()}: {split}"

    def read(self, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Source.read`."""
        return self.data.fetch(self.commit, split, language)


def in_folder(layouts: Sequence[Layout], data: str) -> InFolder:
    """The data set in the folder ``data``.

    Raises:
        DataError: there is no folder, or nothing in it tells a layout.
    """
    folder = user_path(data)
    return InFolder(recognise(layouts, folder), folder)


def is_on_hub(data: str) -> bool:
    """Whether ``data`` speaks of the hub."""
    return data == HUB or data.startswith(f"{HUB}:")


def on_hub(choices: Sequence[HubData], data: str, commit: str | None) -> OnHub:
    """The data set of the hub that ``data`` names.

    Raises:
        SweepError: it is none of the choices, or no commit is given where none is known, or it is not one: what a
            branch holds changes.
    """
    names = {choice.name: choice for choice in choices}
    name = data.removeprefix(f"{HUB}:") if data != HUB else next(iter(names), "")
    if name not in names:
        hint = did_you_mean(name, names)
        raise SweepError(f"`data: {data}` must name a data set this task knows on the hub, but does not; {hint}")
    wanted = commit or names[name].commit
    if wanted is None or not _COMMIT.fullmatch(wanted):
        raise SweepError(
            f"`hub_revision` must be a commit of {name}, 40 hexadecimal digits, but got {wanted!r}; "
            "copy it from the data set's history on the hub"
        )
    return OnHub(names[name], wanted)
