"""POJ-104: programs made pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robust_ray.core.errors import DataError
from robust_ray.tasks import CloneDetection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for problem, split in enumerate(("train", "valid", "test")):
        rows = [
            {"index": str(i), "code": f"main() {{ {split}({i}); }}", "label": str(2 * problem + i % 2)}
            for i in range(10)
        ]
        rows.append({"index": "alone", "code": "main() { }", "label": "99"})
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_each_program_makes_a_clone_and_another_pair(folder: Path) -> None:
    task = CloneDetection(data=str(folder), duplicates="keep")
    assert task.code_language == "c"
    examples = task.load("train")
    assert [example.label for example in examples] == [1, 0] * 10 + [0]
    for example in examples:
        one, other = (uid if uid == "alone" else int(uid) % 2 for uid in example.uid.split("#")[0].split("-"))
        assert (one == other) == (example.label == 1)
        assert example.segments[0] != example.segments[1]


def test_the_pairs_are_the_same_every_time(folder: Path) -> None:
    first = CloneDetection(data=str(folder)).load("test")
    assert CloneDetection(data=str(folder), max_train=1).load("test") == first


def test_one_problem_alone(folder: Path) -> None:
    (folder / "valid.jsonl").write_text('{"index": "1", "code": "main() { }", "label": "home"}\n')
    with pytest.raises(DataError, match="a split must hold two problems at least, but got 'home' alone; add programs"):
        CloneDetection(data=str(folder)).load("valid")
