"""What can go wrong, each as a function that does it to a scene while its driver runs.

What is wrong for a while is mended before the function returns; what stays broken (a damaged file, a dead node) is for
the driver, or for the same command again, to get over.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults import mischief
from tests.faults.scene import Scene

WHILE = 1.5
"""Seconds for which something passing lasts."""

Strike = Callable[[Scene], None]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong."""

    strike: Strike
    on: frozenset[str] = frozenset({"serial", "ray"})
    """Dispatchers on which it can; ``search`` for a search on one process."""

    small: str | None = None
    """Folder of the scene that must be a small disk of its own."""

    is_mischief: bool = False
    """Whether it takes a fake study, whose calls look for it."""


EVERYWHERE = frozenset({"serial", "ray", "search"})


def planted(kind: str) -> Fault:
    """A mischief for the next call."""
    attacked = kind in (*mischief.VICTIMS, *mischief.CURSES)  # of which the search here has none
    on = EVERYWHERE - {"search"} if attacked else EVERYWHERE
    return Fault(lambda scene: mischief.plant(scene.troubles, kind), on=on, is_mischief=True)


def kill_driver(scene: Scene) -> None:
    """Kill -9, whatever it does."""
    assert scene.driver is not None
    scene.driver.kill()


def end_driver(scene: Scene) -> None:
    """As a batch system does whose time is up."""
    assert scene.driver is not None
    scene.driver.terminate()


def kill_node(scene: Scene) -> None:
    """A raylet with its workers, as a spot instance that is taken away; another one comes."""
    assert scene.cluster is not None
    scene.cluster.lose_node()


def kill_head(scene: Scene) -> None:
    """The whole cluster, as far as its drivers can see; another one comes up in its place."""
    assert scene.cluster is not None
    scene.cluster.lose_head()
    scene.address = scene.cluster.address


def fill(folder: Path) -> None:
    """Leave no room on a disk, for a while."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for size in (1 << 16, 1 << 12):
            try:
                while stream.write(b"\0" * size):
                    pass
            except OSError:
                continue
    time.sleep(WHILE)
    ballast.unlink()


def hide_store(scene: Scene) -> None:
    """Its folder is gone for a while, as when a share is not mounted."""
    away = scene.folder / "away"
    scene.disk.rename(away)
    time.sleep(WHILE)
    if scene.disk.exists():
        raise AssertionError(f"a store that was away was made anew: {sorted(scene.disk.rglob('*'))}")
    away.rename(scene.disk)


def flip_rows(scene: Scene) -> None:
    """One bit of a file of rows."""
    _damage(scene, "tables/attacks/[!.]*.parquet", _flip)


def cut_rows(scene: Scene) -> None:
    """The end of a file of rows is gone."""
    _damage(scene, "tables/[!r]*/[!.]*.parquet", _cut)


def flip_checkpoint(scene: Scene) -> None:
    """One bit of a checkpoint."""
    _damage(scene, "checkpoints/*/attempt-*/*", _flip)


def cut_checkpoint(scene: Scene) -> None:
    """The end of a file of a checkpoint is gone, or of its manifest."""
    _damage(scene, "checkpoints/*/**/*", _cut)


def _damage(scene: Scene, pattern: str, how: Callable[[Scene, Path], None]) -> None:
    files = sorted(path for path in scene.store.glob(pattern) if path.is_file())
    if files:
        how(scene, files[scene.dice.integers(len(files))])


def _flip(scene: Scene, path: Path) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[scene.dice.integers(len(content))] ^= 1 << int(scene.dice.integers(8))
        _overwrite(path, bytes(content))


def _cut(scene: Scene, path: Path) -> None:
    content = path.read_bytes()
    _overwrite(path, content[: scene.dice.integers(len(content) or 1)])


def _overwrite(path: Path, content: bytes) -> None:
    """In one step, so that what is damaged is the file and not whoever reads it just now."""
    hidden = path.with_name(f".{path.name}.damaged")
    hidden.write_bytes(content)
    hidden.replace(path)


FAULTS: Mapping[str, Fault] = {
    "worker killed": planted("kill"),
    "worker crashes": planted("crash"),
    "killed in its 1st write": planted("write-1"),
    "killed in its 2nd write": planted("write-2"),
    "killed in its 3rd write": planted("write-3"),
    "input/output error": planted(mischief.TROUBLE),
    "victim raises": planted("raise"),
    "victim hangs": planted("hang"),
    "victim answers NaN": planted("nan"),
    "an example always kills": planted("always-kill"),
    "an example always hangs": planted("always-hang"),
    "clock a day ahead": planted("clock-forth"),
    "clock a day behind": planted("clock-back"),
    "driver killed": Fault(kill_driver, on=EVERYWHERE),
    "driver told to end": Fault(end_driver, on=EVERYWHERE),
    "rows flipped": Fault(flip_rows),
    "rows cut": Fault(cut_rows),
    "checkpoint flipped": Fault(flip_checkpoint),
    "checkpoint cut": Fault(cut_checkpoint),
    "disk of the store full": Fault(lambda scene: fill(scene.disk), small="disk", on=EVERYWHERE),
    "disk of the work full": Fault(lambda scene: fill(scene.work), small="work", on=frozenset({"serial"})),
    "store away": Fault(hide_store, on=EVERYWHERE),
    "node killed": Fault(kill_node, on=frozenset({"ray"})),
    "head killed": Fault(kill_head, on=frozenset({"ray"})),
}


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of three megabytes at a folder.

    Raises:
        PermissionError: this user may not mount one.
    """
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        raise PermissionError(mounted.stderr.decode().strip())
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
