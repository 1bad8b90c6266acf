"""Substitutes from a file, in the layout in which the authors of ALERT publish theirs.

Source: ``test_subs*.jsonl`` of https://github.com/soarsmu/attack-pretrain-models-of-code: one JSON object a line, with
``substitutes`` (name → list of names) and, to say for which example, ``idx`` (defect detection) or ``id1`` and ``id2``
(clone detection; the names are those of the first function).
Deviations:
    - Published lists hold names as the tokenizer spelt them, some behind a blank; the code that made them judged a name
      without its blanks, but the attack writes it with them. Here a name has none, and of names that differ in nothing
      else the first counts.
    - The published test for what is a name lets others pass than ASCII letters in C, and lacks some reserved words. The
      names it should have dropped, about 6 in 1,000, are dropped here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from robust_ray.attacks.base import SUBSTITUTES, Substitutes
from robust_ray.attacks.substitutes.programs import may_be_given, offer
from robust_ray.core.component import outside_key
from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.core.identity import HASH_CHARS
from robust_ray.core.machine import Machine
from robust_ray.core.paths import user_path
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.languages import is_identifier


@SUBSTITUTES.register("substitutes_file")
@dataclass(frozen=True, kw_only=True)
class SubstitutesFile(Substitutes):
    """Names from a file in the layout of ALERT's ``test_substitutes.jsonl``; known by its content, not by its place."""

    paper: ClassVar[str] = "Yang et al. (ALERT), ICSE 2022, https://doi.org/10.1145/3510003.3510146"

    path: str = outside_key()
    """The file; the order of a list is the rank."""

    def revision(self) -> str:
        """Fingerprint of the file's content.

        Raises:
            DataError: there is no such file.
        """
        path = _existing(self.path)
        state = path.stat()
        return _digest(path, state.st_mtime_ns, state.st_size)

    def collect(
        self, corpus: Sequence[Example], attacked: Sequence[Example], machine: Machine
    ) -> list[SubstituteRecord]:
        """The lists of the examples to be attacked; an example that the file does not know is offered nothing.

        Raises:
            DataError: a missing file, a line that cannot be used, or a file about other examples.
        """
        lists = dict(_read(_existing(self.path)))
        known = [example for example in attacked if example.uid in lists]
        if attacked and not known:
            raise DataError(
                f"{self.path}: the file must hold names for examples of the task, but of its {len(lists)} lines "
                f"none is about one of the {len(attacked)} examples; give the file that was made for this data set"
            )
        found = []
        for example in known:
            for identifier, names in lists[example.uid].items():
                usable = [name for name in _stripped(names) if may_be_given(name, (example.language,))]
                ranked = ((name, -float(place)) for place, name in enumerate(usable))
                if is_identifier(identifier, example.language):
                    found += offer(self.type, ranked, uid=example.uid, identifier=identifier)
        return found


def _existing(path: str) -> Path:
    file = user_path(path)
    if not file.is_file():
        raise DataError(f"{path}: a file with substitutes must be here, but there is none; correct `path`")
    return file


@lru_cache(maxsize=32)
def _digest(path: Path, changed: int, size: int) -> str:
    """Read again only when the file has changed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:HASH_CHARS]


def _read(path: Path) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Uid and lists of each line; what is there a second time belongs to the second such example, as tasks call it."""
    times: Counter[str] = Counter()
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                where = f"{path}:{number}"
                row = _object(line, where)
                uid = _uid(row, where)
                times[uid] += 1
                yield uid if times[uid] == 1 else f"{uid}#{times[uid]}", _lists(row, where)


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:  # also bytes that are not UTF-8, and lists too deep
        raise DataError(f"{where}: every line must be JSON in UTF-8, but got {error}; correct the line") from None
    if not isinstance(row, dict):
        raise DataError(f"{where}: every line must be a JSON object, but got {line[:40]!r}; correct the line")
    return row


def _uid(row: dict[str, Any], where: str) -> str:
    """What the tasks with a folder call the example."""
    ids = [row["idx"]] if "idx" in row else [row.get("id1"), row.get("id2")]
    if not all(isinstance(each, int | str) and not isinstance(each, bool) for each in ids):
        raise DataError(
            f"{where}: the line must say which example it is about by `idx` or by `id1` and `id2`, whole numbers or "
            f"texts, but got {', '.join(row) or 'no field'}; correct the line"
        )
    return "-".join(map(str, ids))


def _lists(row: dict[str, Any], where: str) -> dict[str, list[str]]:
    lists = row.get("substitutes")
    if not isinstance(lists, dict) or not all(map(_are_texts, lists.values())):
        raise DataError(
            f"{where}: `substitutes` must be an object that gives each name a list of texts, but got "
            f"{lists!r:.40}; correct the line"
        )
    return lists


def _are_texts(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _stripped(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in names))
