from __future__ import annotations

import numpy as np
import pytest

from robust_ray.attacks.substitutes.program_structure import READ, Structures
from robust_ray.attacks.substitutes.programs import read

SUM = "def total(values):\n    result = 0\n    for value in values:\n        result += value\n    return result\n"
RENAMED = SUM.replace("value", "item").replace("total", "add").replace("result", "answer")
OTHER = "def total(path):\n    with open(path) as stream:\n        return stream.read()\n"


@pytest.fixture
def structures() -> Structures:
    return Structures([read(text, "python") for text in (RENAMED, OTHER, "")])


def test_names_do_not_matter_but_structure_does(structures: Structures) -> None:
    same, other, empty = structures.similarities(read(SUM, "python"), np.arange(3))
    assert same == 1.0
    assert 0.0 < other < 0.5
    assert empty == 0.0


def test_an_empty_program_is_like_none(structures: Structures) -> None:
    assert structures.similarities(read("", "python"), np.arange(3)).tolist() == [0.0, 0.0, 0.0]


def test_compares_the_programs_asked_for(structures: Structures) -> None:
    assert structures.similarities(read(SUM, "python"), np.array([2, 0])).tolist() == [0.0, 1.0]


def test_reads_the_beginning_of_a_program() -> None:
    start = "f(1)\n" * READ
    (likeness,) = Structures([read(start, "python")]).similarities(read(start + SUM, "python"), np.arange(1))
    assert likeness == 1.0
