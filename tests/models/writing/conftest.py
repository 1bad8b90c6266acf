"""Writers of every kind, shrunk, and programs to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robust_ray.core.examples import Example
from robust_ray.models.students import Network
from robust_ray.models.writing import Generation
from tests import shrunk

WRITERS = ("codebert", "unixcoder", "starencoder", "codegpt", "qwen2_5_coder", "plbart", "codet5")
"""Kinds of :mod:`tests.shrunk` that learn to write: three encoders, two decoders, two encoder-decoders."""

BRIEF = Generation(beams=3, max_new_tokens=12)


def toy(n: int, start: int = 0) -> list[Example]:
    """Functions that open or close something, and sentences that say which."""
    verbs, things = ("open", "close"), ("file", "door", "window")
    examples = []
    for i in range(start, start + n):
        verb, thing = verbs[i % 2], things[i // 2 % 3]
        code = f"def f{i}({thing}):\n    {'x = 1; ' * (i % 4)}{verb}({thing})"
        reference = f"{verb}s the {thing}"
        examples.append(Example(uid=f"toy-{i}", segments=(code,), label=0, language="python", reference=reference))
    return examples


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder in the hub's layout for each kind."""
    root = tmp_path_factory.mktemp("writers")
    return {kind: shrunk.write(kind, root / kind) for kind in WRITERS}


def writer(
    folder: Path, generation: Generation = BRIEF, seed: int = 0, *, tokenizer: Any = None, dtype: Any = "float32"
) -> Network:
    """The network at a folder as a writer, untrained."""
    from transformers import AutoTokenizer

    from robust_ray.models.writing.load import writer_of

    tokenizer = tokenizer or AutoTokenizer.from_pretrained(folder)
    return writer_of(str(folder), tokenizer, generation, seed, where="model", origin={"dtype": dtype})


@pytest.fixture(params=WRITERS)
def network(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Network:
    """Each kind in turn."""
    return writer(folders[request.param])
