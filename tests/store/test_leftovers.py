"""Uploads that were interrupted are cleared once they can be nobody's, and nothing else is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robust_ray.core.call import Ref
from robust_ray.core.errors import StoreError
from robust_ray.store import Store, leftovers
from robust_ray.store.filesystem import Files

KEY, OTHER = "finetune-fake-v1-0", "finetune-fake-v1-1"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With a checkpoint of two days ago, and one of now."""
    store = Store.open(str(tmp_path / "results"))
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "weights").write_bytes(b"weights")
    for key in (KEY, OTHER):
        store.put_checkpoint(key, tmp_path / "made", {})
    age(tmp_path, KEY)
    return store


def age(tmp_path: Path, key: str, days: float = 2.0) -> None:
    """Make all that lies at a key older."""
    for path in (tmp_path / "results" / "checkpoints" / key).rglob("*"):
        if path.is_file():
            then = path.stat().st_mtime - days * 24 * 3600
            os.utime(path, (then, then))


def interrupt(tmp_path: Path, key: str) -> Path:
    """What an upload leaves that was killed before its manifest."""
    left = tmp_path / "results" / "checkpoints" / key / "attempt-killed"
    (left / "tokenizer").mkdir(parents=True)
    (left / "weights").write_bytes(b"wei")
    (left / "tokenizer" / "vocab").write_bytes(b"a")
    return left


@pytest.mark.parametrize("key", [KEY, "compress-fake-v1-2"])
def test_what_was_left_long_ago_is_cleared(key: str, store: Store, tmp_path: Path) -> None:
    left = interrupt(tmp_path, key)
    age(tmp_path, key)
    assert store.clear() == 1
    assert not left.exists()
    assert store.checkpoint(KEY).joinpath("weights").read_bytes() == b"weights"
    assert store.clear() == 0


def test_what_may_be_under_way_stays(store: Store, tmp_path: Path) -> None:
    left = interrupt(tmp_path, OTHER)
    age(tmp_path, OTHER, 0.5)
    assert store.clear() == 0
    age(tmp_path, OTHER)
    (left / "weights").write_bytes(b"weigh")  # it goes on
    assert store.clear() == 0
    assert left.is_dir()


def test_age_is_in_the_time_of_the_store(store: Store, tmp_path: Path) -> None:
    """A store in which nothing was written since may be one that everybody has only paused in."""
    interrupt(tmp_path, OTHER)
    age(tmp_path, OTHER, 30)
    age(tmp_path, KEY, 28)
    assert store.clear() == 0


def test_what_was_readable_once_stays(store: Store, tmp_path: Path) -> None:
    """Whoever found it before it was put aside may still be reading it."""
    place = store.checkpoint(KEY)
    store.discard(Ref(KEY, None))
    assert store.clear() == 0
    assert place.is_dir()


def test_nothing_is_cleared_beside_a_manifest_that_cannot_be_read(store: Store, tmp_path: Path) -> None:
    manifest = tmp_path / "results" / "checkpoints" / KEY / "manifest.json"
    manifest.write_text("{")
    assert store.clear() == 0


def test_a_bucket_that_tells_no_times_keeps_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Files.list
    monkeypatch.setattr(
        Files,
        "list",
        lambda self, folder, **how: [entry._replace(modified=0) for entry in listed(self, folder, **how)],
    )
    assert leftovers.clear(store._files) == 0
    with pytest.raises(StoreError):
        store.checkpoint("never-there-v1-0")
