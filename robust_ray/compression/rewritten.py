"""Programs that somebody else has rewritten, a language model for instance, read from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from robust_ray.core.component import Component, outside_key
from robust_ray.core.errors import DataError
from robust_ray.core.identity import files_digest
from robust_ray.core.paths import user_path
from robust_ray.source import SourceCode, analyse, check, rename


@dataclass(frozen=True, kw_only=True)
class RewrittenPrograms(Component):
    """One variant of each program, from a file: a JSON object with ``code`` and ``rewritten`` a line.

    Of what was rewritten the new names are taken, and the rest stays as it was: the same code, laid out and commented
    in another way, must not count as other names. A program that differs in more than names, or whose new names do not
    pass the check that adversarial examples have to pass, counts as not rewritten.
    """

    type: ClassVar[str] = "rewritten_programs"

    copies: ClassVar[int] = 1
    worst_of: ClassVar[int] = 1

    path: str = outside_key()
    """The file, known by its content."""

    def revision(self) -> str:
        """Fingerprint of the file's content.

        Raises:
            DataError: there is no such file.
        """
        return files_digest([_existing(self.path)])

    def variant(self, source: SourceCode) -> str | None:
        """A program with the names of its rewritten self; None where there is none that does the same.

        Raises:
            DataError: a line of the file cannot be used.
        """
        text = self._found().get(source.text)
        return None if text is None else renamed_as(source, text)

    def require_any(self, texts: Iterable[str]) -> None:
        """Refuse a file that is of other programs, from which nothing would be learned, and no flip ever counted.

        Raises:
            DataError: none of the texts is in the file, or a line of it cannot be used.
        """
        if self._found().keys().isdisjoint(texts):
            raise DataError(
                f"{self.path}: the file must hold programs of each split that is rewritten, but has none of one; "
                "give them as `code`, letter for letter"
            )

    def _found(self) -> dict[str, str]:
        path = _existing(self.path)
        return _read(path, path.stat().st_mtime_ns)


def renamed_as(source: SourceCode, text: str) -> str | None:
    """The program with the names that another text has in their places; None where they differ in more than names."""
    other = analyse(text, source.language).token_texts
    if len(other) != len(source.tokens):
        return None
    renames = {old: new for old, new in zip(source.token_texts, other, strict=True) if old != new}
    found = rename(source, renames)
    if found is None or analyse(found, source.language).token_texts != other:
        return None
    return found if check(source, found, renames).is_valid and found != source.text else None


def _existing(name: str) -> Path:
    path = user_path(name)
    if not path.is_file():
        raise DataError(f"{name}: a file of rewritten programs must be there, but is not; correct `rewritten`")
    return path


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> dict[str, str]:
    """Original → rewritten."""
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            row = json.loads(line)
            original, rewritten = row["code"], row["rewritten"]
        except (ValueError, KeyError, TypeError):
            original = rewritten = None
        if not isinstance(original, str) or not isinstance(rewritten, str):
            raise DataError(
                f"{path}, line {number}: it must be a JSON object with the texts `code` and `rewritten`, but is not; "
                "correct it"
            )
        found[original] = rewritten
    return found
