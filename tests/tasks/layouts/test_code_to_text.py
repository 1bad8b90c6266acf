"""Functions with summaries, as CodeXGLUE, CodeSearchNet and TL-CodeSum publish them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from robust_ray.core.errors import DataError
from robust_ray.tasks import Summarization

JAVA: dict[str, object] = {
    "code": "int add(int a, int b) {\n  // sum\n  return a + b;\n}",
    "docstring": "Adds two numbers.\n@return the sum",
    "docstring_tokens": ["Adds", "two\n", "numbers", "."],
    "code_tokens": ["int", "add"],
    "language": "java",
}


def write(folder: Path, rows: list[dict[str, object]]) -> Path:
    for split in ("train", "valid", "test"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_code_to_text(tmp_path: Path) -> None:
    (example,) = Summarization(data=str(write(tmp_path, [JAVA]))).load("train")
    assert example.segments == ("int add(int a, int b) {\n  return a + b;\n}",)
    assert example.reference == "Adds two numbers ."
    assert example.input == (*example.segments, "Adds two numbers .")
    assert len(example.uid) == 16


def test_without_tokens_the_docstring_is_the_reference(tmp_path: Path) -> None:
    (example,) = Summarization(
        data=str(write(tmp_path, [{"idx": "7", "code": "f();", "docstring": " calls  f . "}]))
    ).load("test")
    assert (example.uid, example.reference) == ("7", "calls f .")


def test_python_does_not_show_its_docstring(tmp_path: Path) -> None:
    row: dict[str, object] = {
        "code": 'def f(a):\n    """Add one."""\n    return a + 1\n',
        "docstring_tokens": ["Add", "one"],
        "language": "python",
    }
    (example,) = Summarization(data=str(write(tmp_path, [row])), language="python").load("train")
    assert example.segments == ("def f(a):\n    return a + 1\n",)


def test_gzipped_parts_in_their_order(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / split).mkdir()
        for part in (0, 2, 10):
            row = {**JAVA, "code": f"int f{part}() {{ }}"}
            with gzip.open(tmp_path / split / f"java_{split}_{part}.jsonl.gz", "wt") as stream:
                stream.write(json.dumps(row) + "\n")
    task = Summarization(data=str(tmp_path))
    assert [example.segments[0] for example in task.load("train")] == [f"int f{part}() {{ }}" for part in (0, 2, 10)]
    before = task.revision()
    (tmp_path / "test" / "java_test_10.jsonl.gz").unlink()
    assert task.revision() != before


def test_overloads_are_told_apart_and_the_same_code_may_have_two_summaries(tmp_path: Path) -> None:
    rows = [JAVA, {**JAVA, "code": "int add(long a) { }"}, {**JAVA, "docstring_tokens": ["Sums", "."]}, JAVA]
    sifted = Summarization(data=str(write(tmp_path, rows))).sift("train")
    assert len({example.uid for example in sifted.examples}) == len(sifted.examples) == 3
    assert sum(sifted.dropped.values()) == 1


class TestMistakes:
    def test_another_language(self, tmp_path: Path) -> None:
        folder = write(tmp_path, [JAVA, {**JAVA, "language": "go"}])
        with pytest.raises(
            DataError, match=r"train\.jsonl:2: all code of a task must be in one language, here 'java', but"
        ):
            Summarization(data=str(folder)).load("train")

    def test_no_summary(self, tmp_path: Path) -> None:
        with pytest.raises(
            DataError, match=r"train\.jsonl:1: the field 'docstring' must be given, but got code; add it"
        ):
            Summarization(data=str(write(tmp_path, [{"code": "f();"}]))).load("train")

    def test_tokens_that_are_none(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"train\.jsonl:1: 'docstring_tokens' must hold texts alone, but got 1"):
            Summarization(data=str(write(tmp_path, [{"code": "f();", "docstring_tokens": [1]}]))).load("train")

    def test_cut_off_in_transit(self, tmp_path: Path) -> None:
        whole = gzip.compress(json.dumps(JAVA).encode() * 100)
        for split in ("train", "valid", "test"):
            (tmp_path / f"{split}.jsonl.gz").write_bytes(whole[:-20])
        with pytest.raises(
            DataError, match=r"train\.jsonl\.gz: the file must be gzipped text, but got .*; fetch it again"
        ):
            Summarization(data=str(tmp_path)).load("train")
