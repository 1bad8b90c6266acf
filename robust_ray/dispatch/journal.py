"""Optuna's storage in a journal of the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from robust_ray.store import Journal


class _Sent(JournalFileBackend):
    """Optuna's own file, which the store learns of after each addition."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(str(journal.path))
        self._journal = journal

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        super().append_logs(logs)
        self._journal.send()


def storage(journal: Journal) -> JournalStorage:
    """What a study is kept in by the driver that has taken up its journal."""
    return JournalStorage(_Sent(journal))


@contextmanager
def reading(journal: Journal) -> Iterator[JournalStorage | None]:
    """The studies in a journal as they are now, beside the driver that adds to it; None where there is none yet."""
    with journal.reading() as path:
        yield None if path is None else JournalStorage(JournalFileBackend(str(path)))
