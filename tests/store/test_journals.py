"""Files that one writer adds to, on a disk and in a bucket."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from robust_ray.core.errors import StoreError
from robust_ray.store import Store
from robust_ray.store.filesystem import Files
from robust_ray.store.journals import Journal
from robust_ray.store.ownership import PATIENCE, Ownership


@pytest.fixture
def store(files: Files) -> Store:
    return Store(files)


def add(path: Path, text: str) -> None:
    with path.open("a") as stream:
        stream.write(text)


def test_what_was_added_is_there_for_the_next_writer(store: Store) -> None:
    journal = store.journal("study")
    with journal.take_up():
        for line in ("one\n", "two\n"):
            add(journal.path, line)
            journal.send()
    journal.path.with_suffix(".lock").unlink()
    again = store.journal("study")
    with again.take_up():
        assert again.path.read_text() == "one\ntwo\n"


def test_others_read_it_meanwhile_and_leave_it_alone(store: Store) -> None:
    journal = store.journal("study")
    with journal.reading() as path:
        assert path is None
    with journal.take_up():
        add(journal.path, "one\n")
        journal.send()
        add(journal.path, "half a li")
        with store.journal("study").reading() as path:
            assert path is not None
            assert path.read_text().splitlines()[0] == "one"
        assert journal.path.read_text() == "one\nhalf a li"


def test_a_half_written_line_is_cut_off(store: Store) -> None:
    journal = store.journal("study")
    with journal.take_up():
        add(journal.path, "one\n")
        journal.send()
        add(journal.path, "half a li")
    with journal.take_up():
        assert journal.path.read_text() == "one\n"


def test_a_second_writer_is_turned_away(store: Store) -> None:
    sentence = r"one driver at a time may search, but another one is at it; let it end, or stop it"
    with store.journal("study").take_up(), pytest.raises(StoreError, match=sentence):
        store.journal("study").take_up()
    store.journal("study").take_up().close()


BEAT = 0.1
"""Seconds between two signs of life."""


@pytest.fixture
def remote(tmp_path: Path) -> Files:
    """What is not this machine's, with a clock of its own as fine as a disk's."""
    (tmp_path / "results").mkdir()
    disk = SubTreeFileSystem(str(tmp_path / "results"), LocalFileSystem())
    return Files("subtree://results", disk, "results")


def elsewhere(files: Files, folder: Path) -> Journal:
    """The journal as another machine has it, of which no lock of this one knows."""
    journal = Journal(files, "studies/study.journal", beat=BEAT)
    journal.path = folder / "elsewhere" / "study.journal"
    return journal


def test_a_second_writer_on_another_machine_is_refused_and_the_first_goes_on(remote: Files, tmp_path: Path) -> None:
    """No lock of a system reaches there."""
    mine, other = Journal(remote, "studies/study.journal", beat=BEAT), elsewhere(remote, tmp_path)
    with mine.take_up():
        add(mine.path, "one\n")
        mine.send()
        with pytest.raises(StoreError, match="another one is at it"):
            other.take_up()
        add(mine.path, "two\n")
        mine.send()
    with other.take_up():
        assert other.path.read_text() == "one\ntwo\n"
    assert [entry.path for entry in remote.list("studies")] == ["study.journal"]


def test_of_two_writers_at_once_one_at_most_is_let_in(remote: Files, tmp_path: Path) -> None:
    def take_up(number: int) -> bool:
        try:
            elsewhere(remote, tmp_path / str(number)).take_up()
        except StoreError:
            return False
        return True

    with ThreadPoolExecutor(4) as writers:
        assert sum(writers.map(take_up, range(4))) <= 1


def test_a_writer_that_is_dead_is_followed_and_one_that_was_only_suspended_gives_way(
    remote: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = Journal(remote, "studies/study.journal", beat=BEAT), elsewhere(remote, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Ownership, "_live", lambda self: None)
        held = mine.take_up()
    add(mine.path, "one\n")
    mine.send()
    began = time.monotonic()
    with other.take_up():
        assert time.monotonic() - began >= PATIENCE * BEAT * 0.9
        assert other.path.read_text() == "one\n"
        add(mine.path, "two\n")
        with pytest.raises(StoreError, match="another one is at it"):
            mine.send()
    held.close()


def test_a_writer_that_died_on_this_machine_is_followed_at_once(remote: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has freed the lock it held."""
    monkeypatch.setattr("time.sleep", Mock(side_effect=AssertionError("it waits")))
    Journal(remote, "studies/study.journal").take_up()
    gc.collect()
    assert len(remote.list("studies")) == 1, "who died did not tidy up"
    Journal(remote, "studies/study.journal").take_up().close()


def test_what_is_sent_is_sent_once(remote: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(remote, "studies/study.journal")
    with journal.take_up():
        add(journal.path, "one\ntwo\n")
        journal.send()
        monkeypatch.setattr(remote, "put", Mock(side_effect=AssertionError("again")))
        journal.send()


@pytest.mark.parametrize("name", ["../../../evil", "/../../evil"])
def test_a_name_does_not_lead_out_of_the_store(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="a name must lie in the store"):
        store.journal(name).take_up()
