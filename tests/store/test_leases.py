"""Who is at what: told to others, heeded, and forgotten with its driver, whatever the clocks say."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.core.errors import StoreError
from robust_ray.store import Leases, apart
from robust_ray.store import leases as module
from robust_ray.store.filesystem import Entry, Files
from robust_ray.store.leases import FOLDER, PATIENCE, is_alive, sight
from tests.dispatch.fakes import Compare, Look, Make, call, small_plan

BEAT = 0.04
FIRST, LAST = "0" * 32, "f" * 32
"""Names of drivers that go on, and that yield, where two begin at once."""

HOUR = 3600.0


def says(*keys: str) -> bytes:
    """What stands in a driver's file."""
    return json.dumps({"keys": keys}).encode()


def path(name: str) -> str:
    """Where it lies."""
    return f"{FOLDER}/{name}.json"


def until(holds: Callable[[], bool], seconds: float = 10.0) -> float:
    """Wait for something; how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(BEAT / 4)
    return time.monotonic() - began


@pytest.fixture
def driver(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Leases]]:
    """Starts drivers, each on the machine of the name given."""
    # A bucket tells time by the second, which is long for drivers that live so fast.
    listing = files.list
    monkeypatch.setattr(files, "list", lambda folder: [entry._replace(modified=0) for entry in listing(folder)])
    monkeypatch.setattr(module, "CREDIT", 60.0)
    with ExitStack() as stack:
        yield lambda machine: stack.enter_context(Leases(files, beat=BEAT, here=tmp_path / machine))


@given(st.integers(0, 100), st.lists(st.booleans(), max_size=60))
def test_a_driver_lives_as_long_as_its_file_changes(start: int, changes: list[bool]) -> None:
    sighting, last = sight(None, says("k"), start, 0.0), start
    for beat, changed in enumerate(changes, start + 1):
        content = json.dumps({"keys": ["k"], "sign": beat}).encode() if changed else sighting.content
        sighting, last = sight(sighting, content, beat, HOUR), beat if changed else last
        assert is_alive(sighting, beat) == (beat - last < PATIENCE)
        assert sighting.keys == {"k"}


@given(st.floats(-1e6, 1e6))
def test_an_old_file_met_for_the_first_time_is_that_of_a_dead_driver(age: float) -> None:
    sighting = sight(None, says("k"), 7, age)
    assert is_alive(sighting, 7) == (age < PATIENCE)
    assert not is_alive(sighting, 7 + PATIENCE)  # nor does one from the future live longer than others
    assert is_alive(sight(sighting, says(), 8, age), 8)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b'{"keys": 3}', b"null"])
def test_what_is_no_drivers_file_names_nothing(content: bytes) -> None:
    assert sight(None, content, 0, 0.0).keys == frozenset()


def test_drivers_go_apart() -> None:
    calls = small_plan(students=5, looks=4)
    orders = [[each.key for each in apart(calls, name)] for name in "abab"]
    assert orders[0] == orders[2] != orders[1] == orders[3]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(each.key for each in calls)


@given(st.text(max_size=5))
def test_inputs_stay_first_and_what_is_about_one_student_together(name: str) -> None:
    teacher = call(Make(value=1))
    students = [call(Make(value=n), teacher=teacher) for n in range(3)]
    looks = [call(Look(value=n), student=student) for n in range(3) for student in students]
    order = apart([teacher, *students, *looks, call(Compare(), looks=looks)], name)
    seen: set[str] = set()
    for each in order:
        assert set(each.needs) <= seen
        seen.add(each.key)
    about = [each.needs[0] for each in order if each.stage.name == "attack"]
    assert about == [student for student in dict.fromkeys(about) for _ in range(3)]


def test_one_at_a_time(driver: Callable[[str], Leases]) -> None:
    one, other = driver("here"), driver("there")
    assert one.claim("a")
    assert not other.claim("a")
    assert other.claim("b")
    assert not one.claim("b")
    assert one.has_met
    one.release("a")
    until(lambda: other.claim("a"))


def test_one_alone_meets_nobody(driver: Callable[[str], Leases]) -> None:
    alone = driver("here")
    until(lambda: alone.beats > 2)
    assert not alone.has_met


@pytest.mark.parametrize("rival", [FIRST, LAST])
def test_of_two_that_begin_at_once_one_goes_on(
    rival: str, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Leases(files, beat=60, here=tmp_path / "here") as leases:
        put = files.put

        def put_both(where: str, content: bytes, *, replace: bool = False) -> bool:
            return put(path(rival), says("k")) | put(where, content, replace=replace)

        monkeypatch.setattr(files, "put", put_both)
        assert leases.claim("k") == (rival == LAST)


def test_a_clean_end_leaves_nothing(driver: Callable[[str], Leases], files: Files, tmp_path: Path) -> None:
    def work() -> None:
        with Leases(files, beat=BEAT, here=tmp_path / "here") as leases:
            assert leases.claim("a")
            assert [entry.path for entry in files.list(FOLDER)] == [f"{leases.name}.json"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    time.sleep(3 * BEAT)
    assert files.list(FOLDER) == []
    assert list((tmp_path / "here").iterdir()) == []
    assert driver("there").claim("a")


def test_the_leases_of_a_dead_driver_expire(driver: Callable[[str], Leases], files: Files) -> None:
    files.put(path(LAST), says("k"))
    other = driver("there")
    assert not other.claim("k")
    took = until(lambda: other.claim("k"))
    assert took > (PATIENCE - 3) * BEAT
    assert not files.exists(path(LAST))


def test_one_killed_on_this_machine_is_found_dead_at_once(
    driver: Callable[[str], Leases], files: Files, tmp_path: Path
) -> None:
    files.put(path(LAST), says("k"))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / LAST).touch()
    assert driver("here").claim("k")
    assert not files.exists(path(LAST))
    assert not (tmp_path / "here" / LAST).exists()


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_jumps_changes_nothing(jump: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files.at(str(tmp_path / "store"))
    files.put(path(LAST), says("dead"))
    with (
        Leases(files, beat=BEAT, here=tmp_path / "here") as one,
        Leases(files, beat=BEAT, here=tmp_path / "there") as other,
    ):
        assert one.claim("k")
        assert not other.claim("k")
        assert not other.claim("dead")
        listing = files.list

        def jumped(folder: str, *, recursive: bool = False) -> list[Entry]:
            entries = listing(folder, recursive=recursive)
            return [entry._replace(modified=entry.modified + int(jump * 1e9)) for entry in entries[::2]] + entries[1::2]

        monkeypatch.setattr(files, "list", jumped)
        monkeypatch.setattr(time, "time", lambda: 0.0)
        took = until(lambda: other.claim("dead"))
        assert (PATIENCE - 3) * BEAT < took < 10 * PATIENCE * BEAT
        assert not other.claim("k")


def test_a_driver_taken_for_dead_shows_again(driver: Callable[[str], Leases], files: Files) -> None:
    one, other = driver("here"), driver("there")
    assert one.claim("k")
    files.delete(path(one.name))
    until(lambda: files.exists(path(one.name)))
    assert not other.claim("k")


def test_a_file_of_yesterday_holds_nobody_up(tmp_path: Path) -> None:
    files = Files.at(str(tmp_path / "store"))
    files.put(path(LAST), says("k"))
    yesterday = time.time() - 24 * HOUR
    os.utime(tmp_path / "store" / path(LAST), (yesterday, yesterday))
    with Leases(files, beat=60, here=tmp_path / "here") as leases:
        assert leases.claim("k")
        assert not leases.has_met


def test_short_calls_cost_next_to_nothing(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CREDIT", 0.01)
    with Leases(files, beat=60, here=tmp_path / "here") as leases:
        began = time.monotonic()
        for n in range(10_000):
            assert leases.claim(str(n))
            leases.release(str(n))
        assert time.monotonic() - began < 1.0


def test_a_store_out_of_reach_keeps_nobody_from_working(
    driver: Callable[[str], Leases], files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = driver("here"), driver("there")
    assert one.claim("k")
    assert not other.claim("k")

    def fail(*arguments: object, **options: object) -> None:
        raise StoreError("out of reach")

    with monkeypatch.context() as outage:
        for verb in ("put", "list", "read", "delete"):
            outage.setattr(files, verb, fail)
        time.sleep(2 * PATIENCE * BEAT)
        assert other.claim("other")
        assert not other.claim("k")
        with Leases(files, beat=BEAT, here=tmp_path / "elsewhere") as blind:
            assert blind.claim("k")
    before = other.beats
    until(lambda: other.beats > before + 2)
    assert not other.claim("k")
