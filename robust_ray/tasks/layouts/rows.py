"""Rows of a file, each knowing its place, with fields that are checked where they are read."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robust_ray.core.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOUNS: dict[type, str] = {int: "a whole number", str: "a text", list: "a list of texts"}


@dataclass(frozen=True)
class Row:
    """Named values from one place."""

    where: str
    """``file:line``."""

    fields: Mapping[str, Any]

    def uid(self, *names: str) -> str:
        """The number or text that the row is known by, under the first of the names it has."""
        return str(self._value(self._name(*names), int, str))

    def text(self, name: str) -> str:
        """A text without half characters."""
        return self._checked(self._value(name, str), name)

    def texts(self, name: str) -> list[str]:
        """A list of texts, which may be given as None."""
        if self.fields.get(name) is None:
            return []
        return [self._checked(entry, name) for entry in self._value(name, list)]

    def label(self, name: str) -> int:
        """0 or 1."""
        return binary_label(self._value(name, int), self.where)

    def refuse_other_languages(self, language: str) -> None:
        """Hold a row that names its language to that of the task."""
        found = self.fields.get("language", language)
        if str(found).lower() != language:
            raise DataError(
                f"{self.where}: all code of a task must be in one language, here {language!r}, but got {found!r}; "
                "set `language`, or leave only one language in the data set"
            )

    def _name(self, *names: str) -> str:
        return next((name for name in names if name in self.fields), names[0])

    def _value(self, name: str, *kinds: type) -> Any:
        if name not in self.fields:
            given = ", ".join(self.fields) or "none"
            raise DataError(f"{self.where}: the field {name!r} must be given, but got {given}; add it")
        value = self.fields[name]
        if not isinstance(value, kinds) or isinstance(value, bool):
            wanted = " or ".join(_NOUNS[kind] for kind in kinds)
            raise DataError(f"{self.where}: {name!r} must be {wanted}, but got {value!r}; correct the line")
        return value

    def _checked(self, value: object, name: str) -> str:
        if not isinstance(value, str):
            raise DataError(f"{self.where}: {name!r} must hold texts alone, but got {value!r}; correct the line")
        if _SURROGATE.search(value):
            raise DataError(
                f"{self.where}: {name!r} must be Unicode, but holds half a character (\\ud800 to \\udfff); correct it"
            )
        return value


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """``file:line`` and the text of every line that is not blank, also of a gzipped file; UTF-8 marks are passed over.

    Raises:
        DataError: the text is not UTF-8, or the file not what its name says.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        numbered = enumerate(stream, start=1)
        while (found := _next(numbered, path)) is not None:
            number, raw = found
            where = f"{path}:{number}"
            try:
                line = raw.decode("utf-8-sig").strip()
            except UnicodeDecodeError:
                raise DataError(f"{where}: the text must be UTF-8, but it is not; convert the file") from None
            if line:
                yield where, line


def json_rows(path: Path) -> Iterator[Row]:
    """The JSON object on every line.

    Raises:
        DataError: a line that holds none.
    """
    for where, line in lines(path):
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:  # also numbers too long and lists too deep
            raise DataError(f"{where}: every line must be JSON, but got {error}; correct the line") from None
        if not isinstance(fields, dict):
            raise DataError(f"{where}: every line must be a JSON object, but got {line[:40]!r}; correct the line")
        yield Row(where, fields)


def whole_text(path: Path) -> str:
    """The text of a file.

    Raises:
        DataError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DataError(f"{path}: the text must be UTF-8, but it is not; convert the file") from None


def binary_label(value: object, where: str) -> int:
    """``value`` if it is 0 or 1.

    Raises:
        DataError: it is neither.
    """
    if isinstance(value, int) and value in (0, 1):
        return value
    raise DataError(f"{where}: the label must be 0 or 1, but got {value!r}; correct the line")


def content_uid(text: str) -> str:
    """What a program without an id of its own is known by, wherever it lies."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _next(numbered: Iterator[tuple[int, bytes]], path: Path) -> tuple[int, bytes] | None:
    try:
        return next(numbered, None)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: the file must be gzipped text, but got {error}; fetch it again") from None
