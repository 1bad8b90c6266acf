"""What tasks have in common whose data is embedded, or lies in a folder or on the hub."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

from robust_ray.core.checks import at_least_one
from robust_ray.core.component import outside_key
from robust_ray.core.errors import DataError, SweepError
from robust_ray.core.examples import Example
from robust_ray.tasks.base import DataSet, Sifted, Split, Task
from robust_ray.tasks.datasets import EMBEDDED, divided, limited, sift
from robust_ray.tasks.layouts.base import Layout
from robust_ray.tasks.layouts.hub import HubData
from robust_ray.tasks.sources import Source, in_folder, is_on_hub, on_hub
from robust_ray.tasks.stdlib_corpus import embedded_revision


@dataclass(frozen=True, kw_only=True)
class FolderTask(Task):
    """A task that is known by its data's content (see ``revision``), not by the folder it lies in."""

    layouts: ClassVar[tuple[Layout, ...]]
    """How its data sets may lie in a folder; the first that fits is taken."""

    hub: ClassVar[tuple[HubData, ...]] = ()
    """Its data sets on the hub."""

    data: str = outside_key(EMBEDDED)
    """``embedded``; a folder with a data set as it is published (see :mod:`robust_ray.tasks.layouts`); or ``hub``, or
    ``hub:owner/name``, for the Hugging Face hub."""

    hub_revision: str | None = outside_key(None)
    """Commit of the data set on the hub, 40 hexadecimal digits; null for the one that is known to work, if any."""

    checksum: str | None = outside_key(None)
    """The revision that the data must have, as ``robust-ray inspect`` shows it; null for any."""

    language: Literal["c", "java", "python"] | None = None
    """Of the code; null for ``python`` when embedded, and else the usual one of the data set."""

    duplicates: Literal["drop", "keep"] = "drop"
    """Whether the same code with the same answer counts once in a split (``drop``) or every time (``keep``)."""

    max_train: int | None = None
    """Training examples at most, those of ``unlabelled`` among them: a random but fixed part; null for all."""

    max_valid: int | None = None
    """Validation examples at most; null for all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, limit in {"max_train": self.max_train, "max_valid": self.max_valid}.items():
            if limit is not None:
                at_least_one(name, limit)
        if self.data == EMBEDDED and self.language not in (None, "python"):
            raise SweepError(
                f"the embedded data set is in python, but got language {self.language!r}; leave `language` out"
            )
        if is_on_hub(self.data):
            on_hub(self.hub, self.data, self.hub_revision)
        elif self.hub_revision is not None:
            raise SweepError(f"`hub_revision` is for data on the hub, but got data {self.data!r}; leave it out")

    @abstractmethod
    def embedded(self, split: Split) -> tuple[Example, ...]:
        """A split of the embedded data set."""

    @property
    def code_language(self) -> str:
        """Of all the code.

        Raises:
            DataError: it depends on a folder that is not there.
        """
        source = self.source() if self.language is None else None
        return self.language or ("python" if source is None else source.language)

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Task.published`."""
        source = self.source()
        return () if source is None else source.published

    def revision(self) -> str:
        """Fingerprint of the data's content.

        Raises:
            DataError: a file is missing, or the data is not what ``checksum`` says.
        """
        source = self.source()
        found = embedded_revision() if source is None else source.revision()
        if self.checksum not in (None, found):
            raise DataError(
                f"{self.data}: the revision of the data must be {self.checksum!r} as `checksum` says, but got "
                f"{found!r}; fetch the right data, or leave `checksum` out"
            )
        return found

    def load(self, split: Split) -> tuple[Example, ...]:
        """Every example of a split, in file order, without those that :meth:`sift` counts as dropped.

        Raises:
            DataError: a missing file or a row that cannot be used, named by file and line.
        """
        return self.sift(split).examples

    def sift(self, split: Split) -> Sifted:
        """See :meth:`Task.sift`."""
        if split == "unlabelled" and not self.unlabelled:
            return Sifted((), {})
        is_divided = split == "unlabelled" or (split == "train" and self.unlabelled > 0)
        whole = self._sift("train" if is_divided else split)
        return divided(whole, self.unlabelled, split) if is_divided else whole

    def source(self) -> Source | None:
        """Where the data comes from; None where it is embedded.

        Raises:
            DataError: there is no folder, or nothing in it tells a layout.
        """
        if self.data == EMBEDDED:
            return None
        if is_on_hub(self.data):
            return on_hub(self.hub, self.data, self.hub_revision)
        return in_folder(self.layouts, self.data)

    def _sift(self, split: Split) -> Sifted:
        """A split as the data set has it."""
        if self.data == EMBEDDED:
            return limited(Sifted(self.embedded(split), {}), self._limit(split))
        return _sifted(self, self.revision(), split)

    def _limit(self, split: Split) -> int | None:
        return {"train": self.max_train, "valid": self.max_valid}.get(split)


@lru_cache(maxsize=2)
def _sifted(task: FolderTask, _revision: str, split: Split) -> Sifted:
    """A split that was just read is not read again: calls on the same data follow one another."""
    source = task.source()
    assert source is not None, "embedded data is not read"
    examples = source.read(split, task.code_language)
    found = sift(examples, source.place(split), drop_duplicates=task.duplicates == "drop")
    return limited(found, task._limit(split))
