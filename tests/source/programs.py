"""What the tests of this room share: renaming everything there is, and real programs."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from robust_ray.source import SourceCode, analyse, rename


def names(code: str, language: str) -> set[str]:
    """Names of ``code`` that may be changed."""
    return {identifier.name for identifier in analyse(code, language).identifiers}


def rename_all(source: SourceCode) -> tuple[str, dict[str, str]]:
    """The program with a fresh name for everything, and the renames."""
    renames = {identifier.name: f"fresh_{i}_name" for i, identifier in enumerate(source.identifiers)}
    text = rename(source, renames)
    assert text is not None
    return text, renames


def json_lines(path: Path, field: str, limit: int) -> list[str]:
    """One field of the first rows."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)[field] for line, _ in zip(lines, range(limit), strict=False)]


def functions(*modules: ModuleType) -> Iterator[str]:
    """Source of every function and method of the modules; the modules themselves come first."""
    for module in modules:
        yield inspect.getsource(module)
        classes = [
            value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__
        ]
        for holder in (module, *classes):
            for value in vars(holder).values():
                if inspect.isfunction(value) and value.__module__ == module.__name__:
                    yield textwrap.dedent(inspect.getsource(value))


def real_programs(shared_data: Path, language: str, limit: int = 40) -> list[str]:
    """Programs of the real data sets, Python 2 and macros included."""
    if language == "c":
        return json_lines(shared_data / "devign" / "test.jsonl", "func", limit)
    if language == "java":
        return json_lines(shared_data / "bigclonebench" / "data.jsonl", "func", limit)
    with (shared_data / "gcj_authorship" / "valid.txt").open(encoding="utf-8") as lines:
        rows = [line.split(" <CODESPLIT> ")[0] for line, _ in zip(lines, range(limit), strict=False)]
    return [row.replace("\\n", "\n") for row in rows]
