"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from robust_ray.core.errors import StoreError
from robust_ray.store.filesystem import Files


def test_put_then_read(files: Files) -> None:
    assert files.put("a/b/c.txt", b"one")
    assert files.read("a/b/c.txt") == b"one"
    assert files.exists("a/b/c.txt")
    assert not files.exists("a/b")


def test_the_first_put_stays(files: Files) -> None:
    assert files.put("a", b"one")
    assert not files.put("a", b"two")
    assert files.read("a") == b"one"


def test_a_put_may_replace(files: Files) -> None:
    assert files.put("a", b"one")
    assert files.put("a", b"two", replace=True)
    assert files.read("a") == b"two"


def test_listings_are_relative_sorted_and_blind_to_hidden_files(files: Files) -> None:
    for path in ("x/b", "x/a", "x/.a.tmp", "x/y/c", "z"):
        files.put(path, b"")
    assert [entry.path for entry in files.list("x")] == ["a", "b"]
    assert [entry.path for entry in files.list("x", recursive=True)] == ["a", "b", "y/c"]
    assert files.list("nowhere") == []


def test_upload_and_download(files: Files, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 1000)
    files.upload(source, "a/b/copy")
    files.download("a/b/copy", tmp_path / "back" / "copy")
    assert (tmp_path / "back" / "copy").read_bytes() == source.read_bytes()


def test_move_and_remove(files: Files) -> None:
    files.put("a/b", b"one")
    files.move("a/b", "c/d")
    files.move("a/b", "c/d")  # another process was faster
    assert (files.exists("a/b"), files.read("c/d")) == (False, b"one")
    files.remove("c")
    assert files.list("c") == []


def test_delete(files: Files) -> None:
    for path in ("a/b", "a/c"):
        files.put(path, b"")
    files.delete("a/b")
    files.delete("a/b")  # another process was faster
    assert [entry.path for entry in files.list("a")] == ["c"]


def test_a_missing_file_is_named(files: Files) -> None:
    with pytest.raises(StoreError, match=f"^{files.uri}/a: a file must lie there, but got none; run the sweep again$"):
        files.read("a")


def test_nothing_hidden_is_left_behind(tmp_path: Path) -> None:
    files = Files.at(str(tmp_path))
    files.put("a", b"one")
    files.put("a", b"two")
    files.put("a", b"three", replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_disk_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: object, **options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    files = Files.at(str(tmp_path))
    assert files.put("a", b"one")
    assert not files.put("a", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"one")]


def test_a_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Files.at("results").uri == f"{tmp_path}/results"
    assert Files.at("results/").local("x") == tmp_path / "results" / "x"


def test_a_file_address_is_a_disk(tmp_path: Path) -> None:
    assert Files.at(f"file://{tmp_path}").local("x") == tmp_path / "x"


def test_only_a_disk_has_local_paths(files: Files) -> None:
    assert (files.local("x") is None) == ("://" in files.uri)


def test_an_address_nobody_answers_to_is_refused() -> None:
    with pytest.raises(
        StoreError, match=r"^ftp://host/x: a folder or an address such as s3://bucket/folder must be given"
    ):
        Files.at("ftp://host/x")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file")
    files = Files.at(str(tmp_path / "occupied"))
    with pytest.raises(
        StoreError, match=r"occupied/a: the store must be readable and writable, but got: .*; check the disk"
    ):
        files.put("a", b"one")
