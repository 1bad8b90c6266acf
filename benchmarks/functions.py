"""Functions to attack, and the columns of rows that nobody keeps."""

from __future__ import annotations

import ast
import dataclasses
import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robust_ray.core.examples import Example
from robust_ray.core.records import CellRecord

MODULES = ("argparse", "difflib", "inspect", "shutil", "tarfile", "textwrap", "zipfile")
CELL: dict[str, Any] = {column.name: "" for column in dataclasses.fields(CellRecord)} | {"seed": 0}


def standard_library() -> Iterator[Example]:
    """Functions and methods of a few modules of Python's standard library."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    for module in MODULES:
        text = (folder / f"{module}.py").read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                segment = ast.get_source_segment(text, node)
                assert segment is not None
                yield Example(uid=f"{module}.{node.name}", segments=(segment,), label=0, language="python")


def defect_detection(folder: Path) -> Iterator[Example]:
    """C functions in the layout of CodeXGLUE's defect detection (``test.jsonl``, field ``func``)."""
    with (folder / "test.jsonl").open() as lines:
        for row in map(json.loads, lines):
            yield Example(uid=str(row["idx"]), segments=(row["func"],), label=0, language="c")
