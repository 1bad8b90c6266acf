"""Files by URI: a folder on a disk or in a bucket, behind one small door.

The only module that knows how a file becomes readable whole or not at all: on a disk through a hidden temporary name
in the same folder, fsync and a link; in a bucket because a PUT is atomic. A kill leaves at most a hidden file that
nobody lists.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from pyarrow import ArrowException, NativeFile
from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem

from robust_ray.core.errors import StoreError
from robust_ray.core.paths import user_path
from robust_ray.store import address

_COPY_BYTES = 1 << 22


class Entry(NamedTuple):
    """One file of a listing."""

    path: str
    """Relative to the folder listed."""

    modified: int
    """Nanoseconds since 1970; 0 where the file system cannot tell."""


class Files:
    """A folder, local or remote. Every path is relative to it and written with ``/``."""

    def __init__(self, uri: str, filesystem: FileSystem, root: str) -> None:
        self.uri = uri.rstrip("/") or "/"
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._is_local = isinstance(filesystem, LocalFileSystem)
        self._mark: str | None = None

    @classmethod
    def at(cls, uri: str) -> Files:
        """The folder at a path, ``file://``, ``s3://`` or ``gs://`` address; nothing is created.

        Raises:
            StoreError: no file system answers to the address, or a secret stands in it.
        """
        if "://" not in uri:
            path = user_path(uri).absolute().as_posix()
            return cls(path, LocalFileSystem(), path)
        filesystem, root = address.locate(uri)
        return cls(uri, filesystem, root)

    def local(self, path: str = "") -> Path | None:
        """Where ``path`` lies on this machine's disks, or None when it is remote."""
        where = self._at(path)
        return Path(where) if self._is_local else None

    def mark(self, path: str) -> None:
        """Write only while this file is there: without it the folder is away, or what a disk was mounted on."""
        self._mark = path

    def exists(self, path: str) -> bool:
        """Whether a file lies there."""
        with self._reaching(path):
            is_file: bool = self._filesystem.get_file_info(self._at(path)).type == FileType.File
        return is_file

    def list(self, folder: str, *, recursive: bool = False) -> list[Entry]:
        """Files of a folder by path, hidden ones left out; none when the folder does not exist."""
        where = self._at(folder)
        with self._reaching(folder):
            found = self._filesystem.get_file_info(FileSelector(where, recursive=recursive, allow_not_found=True))
        return sorted(
            Entry(info.path[len(where) + 1 :], info.mtime_ns or 0)
            for info in found
            if info.type == FileType.File and not info.base_name.startswith(".")
        )

    def read(self, path: str) -> bytes:
        """The whole file."""
        with self._reaching(path), self._filesystem.open_input_stream(self._at(path), compression=None) as stream:
            content: bytes = stream.read()
        return content

    @contextmanager
    def open(self, path: str) -> Iterator[NativeFile]:
        """The file, to read parts of."""
        with self._reaching(path), self._filesystem.open_input_file(self._at(path)) as stream:
            yield stream

    def put(self, path: str, content: bytes, *, replace: bool = False) -> bool:
        """Make ``content`` readable at ``path``, whole at once; False when something lies there already and stays."""
        if not replace and self.exists(path):
            return False
        with self._reaching(path):
            self._check_mark()
            if self._is_local:
                return _put_local(Path(self._at(path)), content, replace)
            with self._output(path) as stream:
                stream.write(content)
        return True

    def upload(self, source: Path, path: str) -> None:
        """Copy a local file in. It is visible while it grows: name it only once it is there."""
        with self._reaching(path), source.open("rb") as reader:
            self._check_mark()
            with self._output(path) as stream:
                shutil.copyfileobj(reader, stream, _COPY_BYTES)
            if self._is_local:
                with Path(self._at(path)).open("rb") as written:
                    os.fsync(written.fileno())

    def download(self, path: str, target: Path) -> None:
        """Copy a file out to a local disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            self._reaching(path),
            self._filesystem.open_input_stream(self._at(path), compression=None) as stream,
            target.open("wb") as writer,
        ):
            shutil.copyfileobj(stream, writer, _COPY_BYTES)

    def move(self, source: str, target: str) -> None:
        """Move a file within the folder; nothing happens when another process was faster."""
        if not self.exists(source):
            return
        with self._reaching(source):
            self._check_mark()
            self._filesystem.create_dir(self._at(target).rsplit("/", 1)[0], recursive=True)
            try:
                self._filesystem.move(self._at(source), self._at(target))
            except FileNotFoundError:
                return

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens when another process was faster."""
        with self._reaching(path), suppress(FileNotFoundError):
            self._filesystem.delete_file(self._at(path))

    def remove(self, folder: str) -> None:
        """Remove a folder and all that is in it."""
        with self._reaching(folder):
            self._filesystem.delete_dir(self._at(folder))

    def _at(self, path: str) -> str:
        if ".." in path.split("/"):
            raise StoreError(f"{self.uri}: a name must lie in the store, but got {path!r}; choose another")
        return f"{self._root}/{path}" if path else self._root or "/"

    def _check_mark(self) -> None:
        """A bucket cannot be away and yet written to, so it is not asked."""
        if self._is_local and self._mark is not None and not Path(self._at(self._mark)).is_file():
            raise OSError(f"no {self._mark} lies there")

    @contextmanager
    def _output(self, path: str) -> Iterator[NativeFile]:
        self._filesystem.create_dir(self._at(path).rsplit("/", 1)[0], recursive=True)
        with self._filesystem.open_output_stream(self._at(path), compression=None) as stream:
            yield stream

    @contextmanager
    def _reaching(self, path: str) -> Iterator[None]:
        where = f"{self.uri.partition('?')[0]}/{path}"
        try:
            yield
        except FileNotFoundError as error:
            raise StoreError(f"{where}: a file must lie there, but got none; run the sweep again") from error
        except (OSError, ArrowException) as error:
            raise StoreError(
                f"{where}: the store must be readable and writable, but got: {address.reason(error)}; "
                "check the disk, the network and the rights"
            ) from error


def _put_local(target: Path, content: bytes, replace: bool) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with hidden.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            hidden.replace(target)
        else:
            # A link fails where a name exists, a rename would replace it: of two writers at once the first stays.
            try:
                target.hardlink_to(hidden)
            except FileExistsError:
                return False
            except OSError:
                # No hard links here (FAT, some FUSE mounts): as in a bucket, of two writers at once the last stays.
                hidden.replace(target)
    finally:
        hidden.unlink(missing_ok=True)
    return True
