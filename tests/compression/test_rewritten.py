"""What others have rewritten counts where it is the same program with other names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robust_ray.compression import RewrittenPrograms
from robust_ray.compression.rewritten import renamed_as
from robust_ray.core.errors import DataError
from robust_ray.source import analyse
from tests import fakes

SCALE = fakes.C[1]


def test_new_names_are_taken_and_layout_is_not() -> None:
    text = "void magnify(float *values, int size, float factor) /* new */ { int i; for (i = 0; i < size; i++) "
    text += "values[i] = values[i] * factor; }"
    found = renamed_as(analyse(SCALE, "c"), text)
    assert found == SCALE.replace("scale", "magnify").replace("vector", "values")


@pytest.mark.parametrize(
    "text",
    [
        SCALE,
        SCALE.replace("i++", "i--"),
        SCALE.replace("int i;", "int i; int j;"),
        SCALE.replace("size", "factor"),
        SCALE.replace("vector[i] =", "other[i] ="),
        SCALE.replace("float", "double"),
        SCALE.replace("scale", "while"),
        "not a program at all {",
    ],
    ids=["as it was", "operator", "statement", "clash", "one of three", "type", "reserved", "nonsense"],
)
def test_another_program_is_none(text: str) -> None:
    assert renamed_as(analyse(SCALE, "c"), text) is None


def test_a_file_is_looked_up_by_code(tmp_path: Path) -> None:
    path = tmp_path / "rewritten.jsonl"
    path.write_text(json.dumps({"code": SCALE, "rewritten": SCALE.replace("scale", "magnify")}) + "\n")
    programs = RewrittenPrograms(path=str(path))
    assert programs.variant(analyse(SCALE, "c")) == SCALE.replace("scale", "magnify")
    assert programs.variant(analyse(fakes.C[0], "c")) is None


@pytest.mark.parametrize("line", ["{", "[]", '{"code": "x"}', '{"code": "x", "rewritten": 1}'])
def test_a_line_of_no_use_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "rewritten.jsonl"
    path.write_text('{"code": "x", "rewritten": "y"}\n' + line + "\n")
    with pytest.raises(DataError, match=r"rewritten.jsonl, line 2: it must be a JSON object with the texts"):
        RewrittenPrograms(path=str(path)).variant(analyse(SCALE, "c"))
