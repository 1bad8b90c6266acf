"""A cache on disk that saves time or does nothing."""

from __future__ import annotations

import logging
import multiprocessing
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from robust_ray.core.answer_cache import FILE, AnswerCache

IDS = [(b"\x01\x00",), (b"\x02",), ((3, 4), (5,)), "text"]
ROWS = np.array([[0.1, 0.9], [1 / 3, 2 / 3], [1.0, 0.0], [1e-300, 1.0]])


def held(cache: AnswerCache, ids: object = IDS) -> list[list[float] | None]:
    return [None if row is None else row.tolist() for row in cache.get(ids)]  # type: ignore[arg-type]


def test_what_was_put_comes_back_to_the_bit(tmp_path: Path) -> None:
    AnswerCache(tmp_path / "new", "v").put(IDS, ROWS)
    cache = AnswerCache(tmp_path / "new", "v")
    assert held(cache) == ROWS.tolist()
    assert held(cache, [(b"\x01\x00", b""), *IDS[:1]]) == [None, ROWS[0].tolist()]


def test_victims_do_not_share(tmp_path: Path) -> None:
    AnswerCache(tmp_path, "v float32").put(IDS, ROWS)
    assert held(AnswerCache(tmp_path, "v bfloat16")) == [None] * 4


def test_what_is_no_number_is_not_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, "v")
    cache.put(["a", "b"], np.array([[np.nan, 1.0], [0.0, 1.0]]))
    assert held(cache, ["a", "b"]) == [None, [0.0, 1.0]]


def test_nothing_asked_is_nothing_answered(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, "v")
    cache.put([], np.zeros((0, 2)))
    assert held(cache, []) == []


def test_more_than_one_statement_holds(tmp_path: Path) -> None:
    cache, ids = AnswerCache(tmp_path, "v"), list(range(1234))
    rows = np.random.default_rng(0).random((1234, 3))
    cache.put(ids, rows)
    assert held(cache, ids) == rows.tolist()


def test_the_oldest_are_forgotten_and_the_file_stops_growing(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, "v", capacity=100)
    sizes = []
    for start in range(0, 3000, 50):
        cache.put(range(start, start + 50), np.full((50, 2), 0.5))
        cache.close()  # moves the log into the file
        sizes.append((tmp_path / FILE).stat().st_size)
    assert [row is not None for row in cache.get(range(2800, 3000))] == [False] * 100 + [True] * 100
    assert max(sizes) == max(sizes[:20])


def test_a_damaged_answer_is_none(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, "v")
    cache.put(["a"], np.array([[0.25, 0.75]]))
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE answers SET answer = zeroblob(20)")
    assert held(cache, ["a"]) == [None]


@pytest.mark.parametrize("what", ["nonsense", "a folder", "no folder"])
def test_a_broken_disk_is_logged_once(tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "cache"
    if what == "no folder":
        folder.write_text("a file")
    else:
        folder.mkdir()
        if what == "nonsense":
            (folder / FILE).write_bytes(b"nonsense" * 1000)
        else:
            (folder / FILE).mkdir()
    cache = AnswerCache(folder, "v")
    with caplog.at_level(logging.WARNING):
        cache.put(IDS, ROWS)
        assert held(cache) == [None] * 4
        cache.put(IDS, ROWS)
    assert len(caplog.records) == 1


def test_a_file_damaged_while_in_use_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache, ids = AnswerCache(tmp_path, "v"), list(range(5000))
    cache.put(ids, np.full((5000, 2), 0.5))
    cache.close()
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    assert held(cache, ids) == [None] * 5000
    assert len(caplog.records) == 1


def test_a_locked_file_is_not_waited_for_long(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = AnswerCache(tmp_path, "v", patience=0.05)
    cache.put(IDS[:1], ROWS[:1])
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("BEGIN EXCLUSIVE")
    cache.put(IDS, ROWS)
    other.close()
    assert "locked" in caplog.text


def test_a_full_disk_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = AnswerCache(tmp_path, "v")
    cache.put(IDS, ROWS)
    assert cache._connection is not None
    cache._connection.execute("PRAGMA max_page_count = 3")
    cache.put(range(10_000), np.full((10_000, 2), 0.5))
    assert "full" in caplog.text


def write(folder: Path, first: int) -> bool:
    """What a process of its own does: puts its answers, and reads them and those all write."""
    cache = AnswerCache(folder, "v")
    for i in range(first, first + 200, 10):
        cache.put([*range(i, i + 10), "all"], np.full((11, 2), 0.5))
    return all(row is not None for row in cache.get([*range(first, first + 200), "all"]))


def test_processes_share(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert all(pool.map(write, [tmp_path] * 3, [0, 200, 400]))
    assert all(row is not None for row in AnswerCache(tmp_path, "v").get(range(600)))
