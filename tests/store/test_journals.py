"""Files that one writer adds to, on a disk and in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.core.errors import StoreError
from robust_ray.store import Store
from robust_ray.store.filesystem import Files


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


def test_a_second_writer_on_another_machine_is_noticed(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock of this machine keeps it away from a bucket."""
    store = Store.open(bucket)
    mine, other = store.journal("study"), store.journal("study")
    other.path = other.path.with_name("elsewhere.journal")
    with mine.take_up(), other.take_up():
        add(mine.path, "mine\n")
        mine.send()
        add(other.path, "other's\n")
        with pytest.raises(StoreError, match="another one is at it"):
            other.send()
    with mine.reading() as path:
        assert path is not None
        assert path.read_text() == "mine\n"


@pytest.mark.parametrize("name", ["../../../evil", "/../../evil"])
def test_a_name_does_not_lead_out_of_the_store(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="a name must lie in the store"):
        store.journal(name).take_up()
