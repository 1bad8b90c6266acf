"""Checkpoints: written once, named last, checked when read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from robust_ray.core.errors import CorruptedError, StoreError
from robust_ray.store import artifacts
from robust_ray.store.artifacts import commit, locate, manifest_path, read_manifest
from robust_ray.store.filesystem import Files

KEY = "finetune-mhm-v1-0123456789abcdef"
CONTENT = {"config.json": b"{}", "tokenizer/vocab.txt": b"a\nb\n", "model.safetensors": bytes(range(256)) * 100}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "workdir"
    for name, content in CONTENT.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def content_of(place: Path) -> dict[str, bytes]:
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def attempts(files: Files) -> set[str]:
    return {entry.path.split("/")[0] for entry in files.list(f"checkpoints/{KEY}", recursive=True)} - {"manifest.json"}


def test_what_is_committed_is_read_back(files: Files, folder: Path) -> None:
    commit(files, KEY, folder, {"stage": "finetune"})
    assert content_of(locate(files, KEY)) == CONTENT
    assert read_manifest(files, KEY).provenance == {"stage": "finetune"}


def test_a_checkpoint_on_a_disk_is_read_in_place(tmp_path: Path, folder: Path) -> None:
    files = Files.at(str(tmp_path / "results"))
    commit(files, KEY, folder, {})
    assert locate(files, KEY).parent == tmp_path / "results" / "checkpoints" / KEY


def test_the_manifest_carries_size_and_checksum_of_every_file(files: Files, folder: Path) -> None:
    commit(files, KEY, folder, {})
    document = json.loads(files.read(manifest_path(KEY)))
    assert {name: found["bytes"] for name, found in document["files"].items()} == {
        name: len(content) for name, content in CONTENT.items()
    }
    assert document["files"]["config.json"]["sha256"].startswith("44136fa355b3678a")  # sha256 of "{}"


def test_nothing_is_readable_before_the_manifest(files: Files, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(Files, "put")
        with pytest.raises(AttributeError, match="put"):
            commit(files, KEY, folder, {})
    assert attempts(files)
    with pytest.raises(StoreError, match="a file must lie there, but got none"):
        locate(files, KEY)
    commit(files, KEY, folder, {})
    assert content_of(locate(files, KEY)) == CONTENT


def test_what_cannot_be_copied_whole_leaves_no_trace(
    files: Files, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk every further attempt would take what little room there is."""
    upload = Files.upload

    def fill(self: Files, source: Path, path: str) -> None:
        upload(self, source, path)
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Files, "upload", fill)
        with pytest.raises(StoreError, match="the disk is full"):
            commit(files, KEY, folder, {})
    assert attempts(files) == set()
    commit(files, KEY, folder, {})
    assert content_of(locate(files, KEY)) == CONTENT


def test_the_first_manifest_wins_and_a_loser_leaves_no_trace(
    files: Files, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(files, KEY, folder, {"who": "first"})
    (winner,) = attempts(files)
    monkeypatch.setattr(artifacts, "manifest_path", _blind_at_first(manifest_path))
    commit(files, KEY, folder, {"who": "second"})
    assert attempts(files) == {winner}
    assert read_manifest(files, KEY).provenance == {"who": "first"}


def _blind_at_first(path: Callable[[str], str]) -> Callable[[str], str]:
    """The loser looks before the winner is there, and loses only when it writes its manifest."""
    calls = iter(("checkpoints/nothing-yet",))
    return lambda key: next(calls, path(key))


def test_an_empty_checkpoint_is_refused(files: Files, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{KEY}: a checkpoint must hold files, but .* holds none"):
        commit(files, KEY, tmp_path / "nothing", {})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda files, path: files.remove(path.rsplit("/", 1)[0]), "config.json is missing"),
        (lambda files, path: files.put(path, b"{", replace=True), "config.json has 1 bytes instead of 2"),
        (lambda files, path: files.put(path, b"[]", replace=True), "the checksum of config.json is wrong"),
    ],
)
def test_damage_is_found(files: Files, folder: Path, damage: Callable[[Files, str], None], message: str) -> None:
    commit(files, KEY, folder, {})
    damage(files, f"checkpoints/{KEY}/{read_manifest(files, KEY).attempt}/config.json")
    with pytest.raises(
        CorruptedError, match=f"{KEY}: the checkpoint must be as committed, but got: {message}; discard it"
    ):
        locate(files, KEY)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"files": {}}', b'{"attempt": "../x", "files": {}, "provenance": {}}', b"\xff"]
)
def test_a_damaged_manifest_is_found(files: Files, content: bytes) -> None:
    files.put(manifest_path(KEY), content)
    with pytest.raises(CorruptedError, match="but got: its manifest is not one"):
        locate(files, KEY)


def test_checksums_are_computed_once_and_sizes_always(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files.at(str(tmp_path / "results"))
    commit(files, KEY, folder, {})
    place = locate(files, KEY)
    monkeypatch.setattr(artifacts, "_sum", lambda path: pytest.fail("read twice"))
    assert locate(files, KEY) == place
    (place / "config.json").write_bytes(b"longer")
    with pytest.raises(CorruptedError, match="has 6 bytes instead of 2"):
        locate(files, KEY)


def test_a_damaged_copy_in_the_cache_is_fetched_again(files: Files, folder: Path) -> None:
    if files.local() is not None:
        pytest.skip("a disk needs no cache")
    commit(files, KEY, folder, {})
    (locate(files, KEY) / "config.json").write_bytes(b"longer")
    assert content_of(locate(files, KEY)) == CONTENT
