"""Optuna's storage in a journal of the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock

from robust_ray.store import Journal


class _Unlocked(BaseJournalFileLock):
    """No lock: the journal's one writer holds its own, where Optuna's outlives a kill and whoever comes next waits."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def storage(journal: Journal) -> JournalStorage:
    """What a study is kept in by the driver that has taken up its journal."""
    return JournalStorage(JournalFileBackend(str(journal.path), _Unlocked()))


@contextmanager
def reading(journal: Journal) -> Iterator[JournalStorage | None]:
    """The studies in a journal as they are now, beside the driver that adds to it; None where there is none yet."""
    with journal.reading() as path:
        yield None if path is None else JournalStorage(JournalFileBackend(str(path), _Unlocked()))
