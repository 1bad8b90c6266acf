"""A kill at any moment, and two writers at once: what is readable is whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from robust_ray.core.call import Ref
from robust_ray.core.records import SubstituteRecord
from robust_ray.store import Store

WRITER = """
import sys
from pathlib import Path
from robust_ray.core.call import Ref
from robust_ray.core.records import SubstituteRecord
from robust_ray.store import Store
from tests.store.conftest import substitutes

name, uri, workdir, start, n = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])
store = Store.open(uri)
workdir.mkdir()
for part in ("a", "b"):
    (workdir / part).write_bytes(name.encode() * 100_000)
print("ready", flush=True)
while not start.exists():
    pass
for i in range(n):
    rows = substitutes(f"rows-{i}", name * 200)
    store.put_rows(Ref(f"rows-{i}", "substitutes"), rows, {"who": name}, SubstituteRecord)
    store.put_checkpoint(f"checkpoint-{i}", workdir, {"who": name})
    print(i, flush=True)
"""
REPOSITORY = Path(__file__).parents[2]


def writer(name: str, store: Path, tmp_path: Path, start: Path, n: int) -> subprocess.Popen[str]:
    """A process that is ready to write, and begins when ``start`` exists."""
    arguments = [name, str(store), str(tmp_path / f"workdir-{name}"), str(start), str(n)]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def check_whole(store: Store) -> int:
    """Every key that is present is readable and from one writer; returns how many there are."""
    present = store.present()
    for key in present:
        if key.startswith("rows"):
            ref = Ref(key, "substitutes")
            rows = [row for row in store.rows(ref) if isinstance(row, SubstituteRecord)]
            assert {row.substitute for row in rows} == {store.provenance(ref)["who"]}
            assert len(rows) == 200
        else:
            place = store.checkpoint(key)
            who = store.provenance(Ref(key, None))["who"]
            assert {path.name for path in place.iterdir()} == {"a", "b"}
            assert all(path.read_text() == who * 100_000 for path in place.iterdir())
    assert store.table("substitutes").unreadable == []
    return len(present)


def test_a_kill_leaves_nothing_half_readable(tmp_path: Path) -> None:
    place, start = tmp_path / "results", tmp_path / "start"
    moments = random.Random(0)
    for name in "abcde":
        start.unlink(missing_ok=True)
        process = writer(name, place, tmp_path, start, 10_000)
        assert process.stdout is not None
        start.touch()
        for _ in range(moments.randint(1, 10)):
            process.stdout.readline()
        time.sleep(moments.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        check_whole(Store.open(str(place)))
    assert check_whole(Store.open(str(place))) >= 10


def test_of_two_writers_one_wins(tmp_path: Path) -> None:
    place, start, n = tmp_path / "results", tmp_path / "start", 20
    writers = [writer(name, place, tmp_path, start, n) for name in "ab"]
    start.touch()
    for process in writers:
        process.communicate()
    assert [process.returncode for process in writers] == [0, 0]
    assert check_whole(Store.open(str(place))) == 2 * n
    assert {len(list(folder.iterdir())) for folder in (place / "checkpoints").iterdir()} == {2}
    assert [path for path in place.rglob(".*") if path.is_file()] == []
