"""Data sets in a folder: what is read, what is refused, and what identifies them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from robust_ray.core.build import build
from robust_ray.core.errors import DataError, SweepError
from robust_ray.core.identity import canonical_json
from robust_ray.source.languages import parse
from robust_ray.tasks import AuthorshipAttribution, CloneDetection, DefectDetection, Summarization, Task

FUNCTION = "int f(void) { return 1; }"
TWICE = {"same code and answer as an earlier example": 1}


@pytest.fixture
def defects(tmp_path: Path) -> Path:
    folder = tmp_path / "defects"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        functions = [FUNCTION.replace("f", f"f{i}", 1) for i in range(6)]
        rows = [{"idx": i, "func": function, "target": i % 2} for i, function in enumerate(functions)]
        (folder / f"{split}.jsonl").write_text("\n\n".join(map(json.dumps, rows)) + "\n")
    return folder


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    folder = tmp_path / "clones"
    folder.mkdir()
    (folder / "data.jsonl").write_text("".join(json.dumps({"idx": str(i), "func": f"f{i}"}) + "\n" for i in range(3)))
    for split in ("train", "valid", "test"):
        (folder / f"{split}.txt").write_text("0\t1\t1\n1\t2\t0\n0\t1\t1\n")
    return folder


def test_defects_in_file_order(defects: Path) -> None:
    examples = DefectDetection(data=str(defects)).load("train")
    assert [(example.uid, example.label) for example in examples] == [(str(i), i % 2) for i in range(6)]
    assert examples[0].segments == ("int f0(void) { return 1; }",)
    assert examples[0].language == "c"


def test_repeated_ids_are_made_unique(defects: Path) -> None:
    (defects / "test.jsonl").write_text((json.dumps({"idx": 7, "func": FUNCTION, "target": 0}) + "\n") * 3)
    task = DefectDetection(data=str(defects), duplicates="keep")
    assert [example.uid for example in task.load("test")] == ["7", "7#2", "7#3"]


def test_duplicates_are_dropped_and_counted(clones: Path) -> None:
    task = CloneDetection(data=str(clones))
    assert [example.uid for example in task.load("train")] == ["0-1", "1-2"]
    assert task.sift("train").dropped == TWICE
    assert CloneDetection(data=str(clones), duplicates="keep").sift("train").dropped == {}


def test_what_a_limit_leaves_out_is_counted(clones: Path) -> None:
    assert CloneDetection(data=str(clones), max_train=1).sift("train").dropped == TWICE | {"beyond the limit": 1}


def test_the_same_pair_with_another_label_stays(clones: Path) -> None:
    (clones / "test.txt").write_text("0\t1\t1\n0\t1\t0\n")
    examples = CloneDetection(data=str(clones)).load("test")
    assert [(example.uid, example.label) for example in examples] == [("0-1", 1), ("0-1#2", 0)]


def test_clones_in_file_order(clones: Path) -> None:
    examples = CloneDetection(data=str(clones), duplicates="keep").load("train")
    assert [example.uid for example in examples] == ["0-1", "1-2", "0-1#2"]
    assert [example.label for example in examples] == [1, 0, 1]
    assert examples[1].segments == ("f1", "f2")
    assert examples[0].language == "java"


def test_a_mark_of_utf_8_is_passed_over(defects: Path) -> None:
    expected = DefectDetection(data=str(defects)).load("train")
    file = defects / "train.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert DefectDetection(data=str(defects)).load("train") == expected


def test_language_can_be_said(defects: Path) -> None:
    assert DefectDetection(data=str(defects), language="java").load("test")[0].language == "java"


def test_limits_are_prefixes_of_one_order(defects: Path) -> None:
    def uids(limit: int | None) -> list[str]:
        return [example.uid for example in DefectDetection(data=str(defects), max_train=limit).load("train")]

    assert len(uids(2)) == 2
    assert set(uids(2)) < set(uids(4)) < set(uids(None))
    assert uids(4) == [uid for uid in uids(None) if uid in uids(4)]
    assert uids(99) == uids(None)


def test_a_limit_is_for_its_split(defects: Path) -> None:
    task = DefectDetection(data=str(defects), max_train=1, max_valid=2)
    assert [len(task.load(split)) for split in ("train", "valid", "test")] == [1, 2, 6]


def test_a_part_of_the_training_split_is_kept_from_the_teacher(defects: Path) -> None:
    whole, halved = (DefectDetection(data=str(defects), unlabelled=share) for share in (0.0, 0.5))
    train, unlabelled = halved.load("train"), halved.load("unlabelled")
    assert len(train) - len(unlabelled) in (0, 1)
    assert {example.uid for example in (*train, *unlabelled)} == {example.uid for example in whole.load("train")}
    assert halved.load("test") == whole.load("test")
    assert (whole.load("unlabelled"), whole.splits) == ((), ("train", "valid", "test"))
    assert halved.splits == ("train", "unlabelled", "valid", "test")
    assert canonical_json(halved) != canonical_json(whole)
    with pytest.raises(SweepError, match="`0 <= unlabelled < 1` must hold, but got 1"):
        DefectDetection(unlabelled=1.0)


class TestIdentity:
    def test_the_folder_is_not_in_it(self, defects: Path, tmp_path: Path) -> None:
        shutil.copytree(defects, tmp_path / "elsewhere")
        here, there = DefectDetection(data=str(defects)), DefectDetection(data=str(tmp_path / "elsewhere"))
        assert canonical_json(here) == canonical_json(there)
        assert str(tmp_path) not in canonical_json(here)

    def test_the_content_is(self, defects: Path) -> None:
        task = DefectDetection(data=str(defects))
        before = task.revision()
        path = defects / "test.jsonl"
        path.write_text(path.read_text().replace("return 1", "return 2"))
        os.utime(path, ns=(1, 1))
        assert task.revision() != before
        assert task.load("test")[0].segments == ("int f0(void) { return 2; }",)

    def test_a_checksum_holds_the_data_to_it(self, defects: Path) -> None:
        found = DefectDetection(data=str(defects)).revision()
        assert DefectDetection(data=str(defects), checksum=found).revision() == found
        with pytest.raises(DataError, match=f"must be '0123' as `checksum` says, but got '{found}'; fetch the right"):
            DefectDetection(data=str(defects), checksum="0123").load("test")

    def test_what_is_dropped_is_in_it(self, defects: Path) -> None:
        dropping, keeping = (DefectDetection(data=str(defects), duplicates=each) for each in ("drop", "keep"))
        assert canonical_json(dropping) != canonical_json(keeping)

    def test_embedded_or_not_is(self, defects: Path) -> None:
        assert DefectDetection().revision() != DefectDetection(data=str(defects)).revision()


class TestMistakes:
    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"nowhere: a folder with the data set must be here"):
            DefectDetection(data=str(tmp_path / "nowhere")).load("train")

    def test_no_folder_when_planning(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="a folder with the data set must be here"):
            CloneDetection(data=str(tmp_path / "nowhere")).revision()

    def test_no_file(self, clones: Path) -> None:
        (clones / "data.jsonl").unlink()
        with pytest.raises(DataError, match=r"the file 'data\.jsonl' must be here"):
            CloneDetection(data=str(clones)).load("train")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ('{"idx": 1, "func"', r"train\.jsonl:2: every line must be JSON, but got"),
            ("[1, 2]", r"train\.jsonl:2: every line must be a JSON object"),
            ('{"idx": 1, "target": 0}', r"train\.jsonl:2: the field 'func' must be given, but got idx, target"),
            ('{"idx": 1, "func": 3, "target": 0}', r"train\.jsonl:2: 'func' must be a text, but got 3"),
            ('{"idx": 0, "func": "g", "target": 0}', r"train\.jsonl: an id must stand for one example, but '0' stands"),
            ('{"idx": 1, "func": "f", "target": 2}', r"train\.jsonl:2: the label must be 0 or 1, but got 2"),
            (
                '{"idx": 1, "func": "f", "target": true}',
                r"train\.jsonl:2: 'target' must be a whole number, but got True",
            ),
            ('{"idx": ' + "1" * 5000 + "}", r"train\.jsonl:2: every line must be JSON, but got Exceeds the limit"),
            ("[" * 100_000, r"train\.jsonl:2: every line must be JSON, but got maximum recursion depth"),
            ('{"idx": 1, "func": "\\ud800", "target": 0}', r"train\.jsonl:2: 'func' must be Unicode, but holds half a"),
        ],
    )
    def test_unusable_row(self, defects: Path, line: str, message: str) -> None:
        path = defects / "train.jsonl"
        path.write_text(path.read_text().splitlines()[0] + "\n" + line + "\n")
        with pytest.raises(DataError, match=message):
            DefectDetection(data=str(defects)).load("train")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("0 1 1", r"train\.txt:1: `id1 <tab> id2 <tab> label` must hold, but got '0 1 1'"),
            ("0\t9\t1", r"train\.txt:1: every id must be in data\.jsonl, but '9' is not"),
            ("0\t1\tyes", r"train\.txt:1: the label must be 0 or 1, but got 'yes'"),
        ],
    )
    def test_unusable_pair(self, clones: Path, line: str, message: str) -> None:
        (clones / "train.txt").write_text(line + "\n")
        with pytest.raises(DataError, match=message):
            CloneDetection(data=str(clones)).load("train")

    def test_one_id_for_two_functions(self, clones: Path) -> None:
        with (clones / "data.jsonl").open("a") as stream:
            stream.write('{"idx": "0", "func": "another"}\n')
        with pytest.raises(
            DataError, match=r"data\.jsonl:4: an id must stand for one function, but '0' stands for two"
        ):
            CloneDetection(data=str(clones)).load("train")

    def test_mixed_languages(self, defects: Path) -> None:
        row = {"idx": 9, "func": "class A {}", "target": 0, "language": "Java"}
        with (defects / "train.jsonl").open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        with pytest.raises(DataError, match=r"train\.jsonl:12: all code of a task must be in one language, here 'c'"):
            DefectDetection(data=str(defects)).load("train")

    def test_nothing_that_is_known(self, tmp_path: Path) -> None:
        (tmp_path / "notes.md").touch()
        with pytest.raises(DataError, match=r"must hold \{train,valid,test\}\.jsonl with idx, func and target, or exp"):
            DefectDetection(data=str(tmp_path)).load("train")

    def test_nothing_but_blank_functions(self, defects: Path) -> None:
        (defects / "valid.jsonl").write_text('{"idx": 1, "func": " ", "target": 0}')
        with pytest.raises(DataError, match=r"valid\.jsonl: a split must hold at least one example"):
            DefectDetection(data=str(defects)).load("valid")

    def test_empty_split(self, defects: Path) -> None:
        (defects / "valid.jsonl").write_text("\n")
        with pytest.raises(DataError, match=r"valid\.jsonl: a split must hold at least one example"):
            DefectDetection(data=str(defects)).load("valid")

    def test_not_utf8(self, defects: Path) -> None:
        (defects / "valid.jsonl").write_bytes(b'{"idx": 1, "func": "\xff"}')
        with pytest.raises(DataError, match=r"valid\.jsonl:1: the text must be UTF-8"):
            DefectDetection(data=str(defects)).load("valid")

    def test_embedded_in_another_language(self) -> None:
        with pytest.raises(SweepError, match="embedded data set is in python, but got language 'c'"):
            DefectDetection(language="c")

    def test_limit_below_one(self) -> None:
        with pytest.raises(SweepError, match=r"tasks\[0\]: `max_train >= 1` must hold, but got 0"):
            build(Task, {"type": "clone_detection", "max_train": 0}, "tasks[0]")


class TestRealData:
    def test_devign(self, shared_data: Path) -> None:
        task = DefectDetection(data=str(shared_data / "devign"))
        assert [len(task.load(split)) for split in ("train", "valid", "test")] == [1400, 200, 400]
        assert task.load("train")[0].uid == "25693"

    def test_bigclonebench(self, shared_data: Path) -> None:
        task = CloneDetection(data=str(shared_data / "bigclonebench"))
        assert [len(task.load(split)) for split in ("train", "valid", "test")] == [877, 100, 264]
        assert [sum(task.sift(split).dropped.values()) for split in ("train", "valid", "test")] == [3, 0, 2]
        assert all(len(example.segments) == 2 for example in task.load("test"))

    def test_google_code_jam(self, shared_data: Path) -> None:
        assert len(CloneDetection(data=str(shared_data / "google_code_jam"), max_train=100).load("train")) == 100

    def test_tl_codesum(self, shared_data: Path) -> None:
        task = Summarization(data=str(shared_data / "tl_codesum"))
        assert [len(task.load(split)) for split in ("train", "valid", "test")] == [4500, 300, 600]
        assert task.question.wants_text
        assert task.code_language == "java"
        assert all(example.reference for example in task.load("test"))

    def test_gcj_authorship(self, shared_data: Path) -> None:
        task = AuthorshipAttribution(data=str(shared_data / "gcj_authorship"))
        assert [len(task.load(split)) for split in ("train", "valid", "test")] == [457, 66, 132]
        assert task.label_names == tuple(map(str, range(66)))
        for examples in (task.load("train"), task.load("valid"), task.load("test")):
            assert {example.label for example in examples} == set(range(66))
        parsed = [parse(example.segments[0].encode(), "python") for example in task.load("train")]
        assert sum(tree.root_node.has_error for tree in parsed) <= 7  # some are written in Haskell
