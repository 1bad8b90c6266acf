"""How many candidates a second the attack engine makes, asks and scores when the victim costs nothing.

Run: ``python benchmarks/attack_engine.py`` (functions of Python's standard library), or with ``--data FOLDER`` for C
functions in the layout of CodeXGLUE's defect detection (``test.jsonl``, field ``func``).

To compare with: the greedy search of TextAttack 0.3.11 reaches about 430 candidates a second on Devign's functions
(1,700 characters) with a victim that costs nothing, because it splits the words of every candidate anew.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import sysconfig
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robust_ray.attacks import MHM, AttackRecipe, WIRRandom, run
from robust_ray.core.examples import Example, Input, stable_order
from robust_ray.core.records import CellRecord
from robust_ray.core.victim import Encoding, FloatArray

MODULES = ("argparse", "difflib", "inspect", "shutil", "tarfile", "textwrap", "zipfile")
CELL: dict[str, Any] = {column.name: "" for column in dataclasses.fields(CellRecord)} | {"seed": 0}


class FreeVictim:
    """Answers at once, is always right, and is a little less sure of some texts than of others."""

    batch_invariant = True
    n_labels = 2
    mask_token = "<mask>"

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """A text is its own encoding."""
        return [Encoding(segments, len(segments[0]) // 4) for segments in inputs]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Class 0, with a probability between 0.6 and 1."""
        sums = [zlib.crc32(str(encoding.ids).encode("utf-8", "surrogatepass")) for encoding in encodings]
        zeros = 0.6 + 0.4 * np.array(sums) / 2**32
        return np.stack([zeros, 1.0 - zeros], axis=1)


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
    """C functions in the layout of CodeXGLUE."""
    with (folder / "test.jsonl").open() as lines:
        for row in map(json.loads, lines):
            yield Example(uid=str(row["idx"]), segments=(row["func"],), label=0, language="c")


def measure(recipe: AttackRecipe, examples: Sequence[Example]) -> None:
    """Attack all examples and print what that took."""
    names = recipe.substitutes.collect(examples, examples)
    start = time.perf_counter()
    rows = list(run(recipe, examples, FreeVictim(), names, columns=CELL, seed=0))
    seconds = time.perf_counter() - start
    queries = sum(row.queries for row in rows)
    print(f"{recipe.type:12} {queries:8} candidates {seconds:7.2f} s {queries / seconds:8.0f} candidates/s")


def main() -> None:
    """Read the arguments and measure every recipe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with test.jsonl; default: Python's standard library")
    parser.add_argument("--examples", type=int, default=100, help="functions to attack (default: 100)")
    arguments = parser.parse_args()
    found = defect_detection(arguments.data) if arguments.data else standard_library()
    examples = stable_order(found)[: arguments.examples]
    characters = np.mean([len(example.segments[0]) for example in examples])
    print(f"{len(examples)} functions of {characters:.0f} characters on average")
    for recipe in (WIRRandom(), MHM()):
        measure(recipe, examples)


if __name__ == "__main__":
    main()
