"""Copies of a bucket's checkpoints: no more than fit, and never one that is being read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.fs
import pytest

from robust_ray.store import artifacts, cache
from robust_ray.store.artifacts import commit, locate
from robust_ray.store.filesystem import Files

SIZE = 1000


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache with room for three checkpoints, two of which a process may hold on to; nothing is held yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "CAPACITY", 3 * SIZE)
    monkeypatch.setattr(cache, "IN_USE", 2)
    for which in list(cache._held):
        cache._release(which)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A bucket with five checkpoints."""
    files = Files("mock://bucket/results", pyarrow.fs._MockFileSystem(), "bucket/results")
    folder = tmp_path / "made"
    folder.mkdir()
    for i in range(5):
        (folder / "weights").write_bytes(bytes([i]) * SIZE)
        commit(files, f"compress-fake-v1-{i}", folder, {})
    return files


def ask(files: Files, i: int) -> Path:
    """For a checkpoint, later than for the one before."""
    place = locate(files, f"compress-fake-v1-{i}")
    assert (place / "weights").read_bytes() == bytes([i]) * SIZE
    ask.times += 1  # type: ignore[attr-defined]
    os.utime(place, (ask.times, ask.times))  # type: ignore[attr-defined]
    return place


ask.times = 0  # type: ignore[attr-defined]


def there(tmp_path: Path) -> set[int]:
    """The checkpoints of which there are copies, whole or in part."""
    return {int(path.parent.name[-1]) for path in (tmp_path / "cache").glob("robust-ray/*/*/*")}


def test_the_longest_unused_is_let_go(files: Files, tmp_path: Path) -> None:
    for i in (0, 1, 2, 0, 3):
        ask(files, i)
    assert there(tmp_path) == {0, 2, 3}
    ask(files, 1)
    assert there(tmp_path) == {0, 1, 3}


def test_a_copy_let_go_is_fetched_again_and_checked_again(files: Files, tmp_path: Path) -> None:
    place = ask(files, 0)
    for i in (1, 2, 3):
        ask(files, i)
    assert not place.exists()
    assert str(place) in artifacts._verified
    assert ask(files, 0) == place


def test_what_this_process_may_read_stays(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CAPACITY", SIZE)
    for i in range(4):
        ask(files, i)
    assert there(tmp_path) == {1, 2, 3}, "more than there is room for, but two were in use when the third came"


def test_what_another_process_reads_stays_until_it_dies(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ask(files, 0)
    monkeypatch.setattr(cache, "CAPACITY", SIZE)
    code = "import sys; from pathlib import Path; from robust_ray.store import cache; "
    code += "print(cache.hold(Path(sys.argv[1])), flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "True\n"
        for i in (1, 2, 3):
            ask(files, i)
        assert place.is_dir()
        reader.kill()
    ask(files, 4)
    assert not place.exists()


def test_half_of_a_small_disk_is_left_to_others(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        @property
        def free(self) -> int:
            return (5 - len(there(tmp_path))) * SIZE

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage())
    monkeypatch.setattr(cache, "IN_USE", 1)
    for i in range(4):
        ask(files, i)
    assert there(tmp_path) == {2, 3}


def test_what_a_killed_process_had_fetched_in_part_goes_too(files: Files, tmp_path: Path) -> None:
    place = ask(files, 0)
    part = place.with_name(f".{place.name}.0123")
    part.mkdir()
    (part / "weights").write_bytes(bytes(SIZE))
    os.utime(part, (0, 0))
    for i in (1, 2):
        ask(files, i)
    assert not part.exists()
    assert there(tmp_path) == {0, 1, 2}


def test_what_is_not_a_copy_is_left_alone(files: Files, tmp_path: Path) -> None:
    other = tmp_path / "cache" / "robust-ray" / "answers" / "of" / "victims"
    other.mkdir(parents=True)
    os.utime(other, (0, 0))
    for i in range(5):
        ask(files, i)
    assert other.is_dir()
