"""Data of the hub, read from folders that lie as the hub's do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robust_ray.core.errors import DataError, SweepError
from robust_ray.tasks import AuthorshipAttribution, CloneDetection, DefectDetection, Summarization
from robust_ray.tasks.layouts import codexglue_defects, hub
from robust_ray.tasks.sources import OnHub

COMMIT = "0123456789abcdef0123456789abcdef01234567"

CARD = """---
configs:
- config_name: java
  data_files: [{split: train, path: java/train-*}, {split: validation, path: java/validation-*}, {split: test, path: java/test-*}]
- config_name: python
  data_files: [{split: train, path: python/train-*}, {split: validation, path: python/validation-*}, {split: test, path: python/test-*}]
---
"""  # noqa: E501


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def write(folder: Path, columns: Mapping[str, object]) -> Path:
    folder.mkdir(parents=True)
    for split in ("train", "validation", "test"):
        pq.write_table(pa.table(dict(columns)), folder / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture
def defects(tmp_path: Path) -> Path:
    columns = {"id": [3, 4], "func": ["int f;", "int g;"], "target": [True, False], "project": ["a", "b"]}
    return write(tmp_path / "defects" / "data", columns).parent


def test_defects(defects: Path) -> None:
    examples = DefectDetection(data=str(defects)).load("valid")
    assert [(each.uid, each.segments, each.label) for each in examples] == [
        ("3", ("int f;",), 1),
        ("4", ("int g;",), 0),
    ]


def test_without_a_way_to_the_hub_nothing_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(hub, "hub_answers", lambda: False)
    with pytest.raises(DataError, match=rf"the split 'train' at commit {COMMIT} must be readable, .*OfflineMode"):
        DefectDetection(data="hub", hub_revision=COMMIT).load("train")
    assert not datasets.config.HF_HUB_OFFLINE


def test_data_of_another_commit_are_refused() -> None:
    class Table:
        cache_files = ({"filename": f"/cache/owner___name/default/0.0.0/{COMMIT[::-1]}/name-train.arrow"},)

    with pytest.raises(DataError, match=f"must be that of commit {COMMIT}"):
        hub.refuse_other_commits(Table(), "owner/name", COMMIT)
    hub.refuse_other_commits(Table(), "owner/name", COMMIT[::-1])


def test_clones(tmp_path: Path) -> None:
    columns = {
        "id": [0, 1],
        "id1": [5, 5],
        "id2": [6, 7],
        "func1": ["f", "f"],
        "func2": ["g", "h"],
        "label": [True, False],
    }
    examples = CloneDetection(data=str(write(tmp_path / "clones" / "data", columns).parent)).load("test")
    assert [(each.uid, each.segments, each.label) for each in examples] == [
        ("5-6", ("f", "g"), 1),
        ("5-7", ("f", "h"), 0),
    ]
    assert examples[0].segments[0] is examples[1].segments[0]


def test_programs_of_poj_104(tmp_path: Path) -> None:
    columns = {"id": [0, 1, 2], "code": ["a;", "b;", "c;"], "label": ["1", "1", "2"]}
    task = CloneDetection(data=str(write(tmp_path / "poj" / "data", columns).parent))
    assert task.code_language == "c"
    assert sum(each.label for each in task.load("test")) == 2


def test_the_configuration_of_the_language(tmp_path: Path) -> None:
    for language, code in (("java", "int f() { }"), ("python", "def f(): pass")):
        columns = {"code": [code], "docstring_tokens": [["In", language]], "language": [language]}
        write(tmp_path / "text" / language, columns)
    (tmp_path / "text" / "README.md").write_text(CARD)
    for task, wanted in (
        (Summarization(data=str(tmp_path / "text")), "In java"),
        (Summarization(data=str(tmp_path / "text"), language="python"), "In python"),
    ):
        assert [each.reference for each in task.load("train")] == [wanted]


def test_the_revision_is_the_files(defects: Path) -> None:
    before = DefectDetection(data=str(defects)).revision()
    columns = {"id": [3], "func": ["int h;"], "target": [True]}
    pq.write_table(pa.table(columns), defects / "data" / "test-00000-of-00001.parquet")
    assert DefectDetection(data=str(defects)).revision() != before


def test_on_the_hub_the_revision_is_the_commit() -> None:
    assert (
        DefectDetection(data="hub").revision()
        == f"google/code_x_glue_cc_defect_detection@{codexglue_defects.HUB.commit}"
    )
    task = CloneDetection(data="hub:google/code_x_glue_cc_clone_detection_poj104", hub_revision=COMMIT)
    assert task.revision() == f"google/code_x_glue_cc_clone_detection_poj104@{COMMIT}"
    assert (task.code_language, task.published[0].name[:7]) == ("c", "POJ-104")


def test_the_commit_is_what_is_asked_for(monkeypatch: pytest.MonkeyPatch, defects: Path) -> None:
    import datasets

    monkeypatch.setattr(hub, "hub_answers", lambda: True)
    asked = []
    names, load = datasets.get_dataset_config_names, datasets.load_dataset
    monkeypatch.setattr(datasets, "get_dataset_config_names", lambda name, revision: names(str(defects)))

    def load_from_the_folder(name: str, configuration: str | None, split: str, revision: str) -> object:
        asked.append((name, configuration, split, revision))
        return load(str(defects), configuration, split=split)

    monkeypatch.setattr(datasets, "load_dataset", load_from_the_folder)
    assert len(DefectDetection(data="hub", hub_revision=COMMIT).load("valid")) == 2
    assert asked == [("google/code_x_glue_cc_defect_detection", None, "validation", COMMIT)]


class TestMistakes:
    def test_a_branch(self) -> None:
        with pytest.raises(SweepError, match=r"`hub_revision` must be a commit of google/code.*40 hex.*but got 'main'"):
            DefectDetection(data="hub", hub_revision="main")

    def test_no_commit_where_none_is_known(self) -> None:
        with pytest.raises(SweepError, match=r"`hub_revision` must be a commit of .*, but got None; copy it from"):
            Summarization(data="hub")

    def test_a_commit_of_a_folder(self) -> None:
        with pytest.raises(SweepError, match="`hub_revision` is for data on the hub, but got data 'embedded'"):
            DefectDetection(hub_revision=COMMIT)

    def test_a_name_that_is_not_known(self) -> None:
        with pytest.raises(
            SweepError, match=r"`data: hub:a/b` must name a data set .* \(known: google/code_x_glue_cc_d"
        ):
            DefectDetection(data="hub:a/b", hub_revision=COMMIT)

    def test_a_task_that_is_not_there(self) -> None:
        with pytest.raises(SweepError, match=r"`data: hub` must name a data set .* \(known: none\)"):
            AuthorshipAttribution(data="hub")

    def test_a_missing_column(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "data", {"id": [1], "func": ["f"]})
        with pytest.raises(
            DataError, match="or Parquet files with id, func, target as in google/code_x_glue_cc_defect"
        ):
            DefectDetection(data=str(folder)).load("train")

    def test_a_missing_split(self, defects: Path) -> None:
        (defects / "data" / "validation-00000-of-00001.parquet").unlink()
        with pytest.raises(DataError, match="the split 'validation' must be readable, but got"):
            DefectDetection(data=str(defects)).load("valid")

    def test_a_file_that_is_not_parquet(self, tmp_path: Path) -> None:
        (tmp_path / "train.parquet").write_text("no")
        with pytest.raises(DataError, match="the folder must hold"):
            DefectDetection(data=str(tmp_path)).load("valid")

    def test_no_package(self, defects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "datasets", None)
        with pytest.raises(DataError, match=r"the package `datasets`, but it is not installed; run pip install 'rob"):
            OnHub(codexglue_defects.HUB, COMMIT).data.read(defects, "train", "c").__next__()
