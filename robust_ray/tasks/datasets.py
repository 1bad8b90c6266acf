"""Data sets in the layouts CodeXGLUE publishes (https://github.com/microsoft/CodeXGLUE), read from a folder.

Defect detection: ``{train,valid,test}.jsonl`` with ``idx``, ``func`` and ``target``. Clone detection: ``data.jsonl``
with ``idx`` and ``func``, and ``{train,valid,test}.txt`` with lines ``id1 <tab> id2 <tab> label``. Blank lines are
skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from robust_ray.core.errors import DataError, SweepError
from robust_ray.core.examples import Example, stable_order
from robust_ray.core.identity import files_digest
from robust_ray.tasks.base import Split

EMBEDDED = "embedded"
"""What ``data`` says for the data set that is derived from the running Python's standard library."""

DEFECT_FILES = ("train.jsonl", "valid.jsonl", "test.jsonl")
_SURROGATE = re.compile("[\ud800-\udfff]")
CLONE_FILES = ("data.jsonl", "train.txt", "valid.txt", "test.txt")


def read_defects(folder: Path, split: Split, language: str) -> tuple[Example, ...]:
    """One split of a defect-detection data set, in file order.

    Raises:
        DataError: a missing file, or a row that cannot be used.
    """
    path = data_file(folder, f"{split}.jsonl")
    examples = []
    taken: set[str] = set()
    for where, row in _rows(path):
        uid = unique(str(_field(row, "idx", where, (int, str))), taken)
        code, label = _field(row, "func", where, (str,)), _label(_field(row, "target", where, (int,)), where)
        examples.append(Example(uid=uid, segments=(code,), label=label, language=language))
    return _not_empty(examples, path)


def read_clones(folder: Path, split: Split, language: str) -> tuple[Example, ...]:
    """One split of a clone-detection data set, in file order.

    Raises:
        DataError: a missing file, a row that cannot be used, or a pair of functions that are not in ``data.jsonl``.
    """
    functions = _functions(folder)
    path = data_file(folder, f"{split}.txt")
    examples = []
    taken: set[str] = set()
    for where, line in _lines(path):
        parts = line.split("\t")
        if len(parts) != 3:
            raise DataError(f"{where}: `id1 <tab> id2 <tab> label` must hold, but got {line!r}; correct the line")
        ids, label = parts[:2], _label(int(parts[2]) if parts[2] in ("0", "1") else parts[2], where)
        for name in ids:
            if name not in functions:
                raise DataError(
                    f"{where}: every id must be in data.jsonl, but {name!r} is not; add it or drop the line"
                )
        segments = (functions[ids[0]], functions[ids[1]])
        examples.append(Example(uid=unique("-".join(ids), taken), segments=segments, label=label, language=language))
    return _not_empty(examples, path)


def folder_revision(folder: Path, names: Sequence[str]) -> str:
    """Fingerprint of a data set's files; read again only when one of them has changed.

    Raises:
        DataError: the folder or a file is missing.
    """
    paths = [data_file(folder, name) for name in names]
    return _digest(tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths))


def data_file(folder: Path, name: str) -> Path:
    """The file ``name`` of a data set."""
    if not folder.is_dir():
        raise DataError(
            f"{folder}: a folder with the data set must be here, but there is none; correct `data` or say `embedded`"
        )
    if not (folder / name).is_file():
        raise DataError(
            f"{folder}: the file {name!r} must be here, but it is not; put the data set in CodeXGLUE's layout"
        )
    return folder / name


def limited(examples: Sequence[Example], count: int | None) -> tuple[Example, ...]:
    """At most ``count`` examples, in their order: always the same ones, and a larger count only adds to them."""
    if count is None or count >= len(examples):
        return tuple(examples)
    kept = {example.uid for example in stable_order(examples)[:count]}
    return tuple(example for example in examples if example.uid in kept)


def check_fields(data: str, language: str | None, **limits: int | None) -> None:
    """What holds for the fields of every task with an embedded data set.

    Raises:
        SweepError: a limit below 1, or a language the embedded data set is not in.
    """
    for name, limit in limits.items():
        if limit is not None and limit < 1:
            raise SweepError(f"`{name} >= 1` must hold, but got {limit}; give null for all examples")
    if data == EMBEDDED and language not in (None, "python"):
        raise SweepError(f"the embedded data set is in python, but got language {language!r}; leave `language` out")


def unique(uid: str, taken: set[str]) -> str:
    """``uid``, or ``uid#2``, ``uid#3`` … where it is taken already; ``taken`` learns the answer."""
    count, answer = 1, uid
    while answer in taken:
        count += 1
        answer = f"{uid}#{count}"
    taken.add(answer)
    return answer


@lru_cache(maxsize=32)
def _digest(state: tuple[tuple[str, int, int], ...]) -> str:
    return files_digest([Path(path) for path, _, _ in state])


def _functions(folder: Path) -> dict[str, str]:
    path = data_file(folder, "data.jsonl")
    return {
        str(_field(row, "idx", where, (int, str))): _field(row, "func", where, (str,)) for where, row in _rows(path)
    }


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """``file:line`` and the text of every line that is not blank."""
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            where = f"{path}:{number}"
            try:
                line = raw.decode("utf-8").strip()
            except UnicodeDecodeError:
                raise DataError(f"{where}: the text must be UTF-8, but it is not; convert the file") from None
            if line:
                yield where, line


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # also numbers too long and lists too deep
            raise DataError(f"{where}: every line must be JSON, but got {error}; correct the line") from None
        if not isinstance(row, dict):
            raise DataError(f"{where}: every line must be a JSON object, but got {line[:40]!r}; correct the line")
        yield where, row


def _field(row: dict[str, Any], name: str, where: str, kinds: tuple[type, ...]) -> Any:
    if name not in row:
        raise DataError(f"{where}: the field {name!r} must be given, but got {', '.join(row) or 'none'}; add it")
    if not isinstance(row[name], kinds) or isinstance(row[name], bool):
        wanted = " or ".join({"int": "a whole number", "str": "a text"}[kind.__name__] for kind in kinds)
        raise DataError(f"{where}: {name!r} must be {wanted}, but got {row[name]!r}; correct the line")
    if isinstance(row[name], str) and _SURROGATE.search(row[name]):
        raise DataError(
            f"{where}: {name!r} must be Unicode, but holds half a character (\\ud800 to \\udfff); correct it"
        )
    return row[name]


def _label(value: object, where: str) -> int:
    if isinstance(value, int) and value in (0, 1):
        return value
    raise DataError(f"{where}: the label must be 0 or 1, but got {value!r}; correct the line")


def _not_empty(examples: list[Example], path: Path) -> tuple[Example, ...]:
    if not examples:
        raise DataError(f"{path}: a split must hold at least one example, but the file is empty; fill it")
    return tuple(examples)
