"""The same store on four file systems: a disk, a bucket, and two that only look like one."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Any

import pyarrow.fs
import pytest

from robust_ray.core.records import Record, SubstituteRecord
from robust_ray.store.filesystem import Files


def _refuse(*arguments: object, **options: object) -> None:
    raise AssertionError("a remote store must be reached through its file system alone")


@pytest.fixture(params=["local", "bucket", "subtree", "mock"])
def files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """An empty folder; publishing by the operating system's own calls is forbidden where it is not a local disk."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "results"
    if request.param == "local":
        return Files.at(str(folder))
    if request.param == "bucket":
        return Files.at(request.getfixturevalue("bucket"))
    for name in ("link", "replace", "fsync"):
        monkeypatch.setattr(f"os.{name}", _refuse)
    if request.param == "subtree":
        folder.mkdir()
        local = pyarrow.fs.LocalFileSystem()
        return Files("subtree://results", pyarrow.fs.SubTreeFileSystem(str(folder), local), "bucket/results")
    return Files("mock://bucket/results", pyarrow.fs._MockFileSystem(), "bucket/results")


def substitutes(key: str, names: str) -> list[SubstituteRecord]:
    """One row for each letter."""
    return [
        SubstituteRecord(key=key, source="tokens", uid=None, identifier=None, substitute=name, rank=rank, score=0.5)
        for rank, name in enumerate(names)
    ]


def filled(record: type[Record], **values: Any) -> Record:
    """A row with a plain value in every column."""
    plain = {str: "x", int: 1, float: 0.5, bool: True}
    hints = typing.get_type_hints(record)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        hint = hints[field.name]
        arguments = typing.get_args(hint)
        fields[field.name] = None if type(None) in arguments else () if arguments else plain[hint]
    return record(**fields | values)
