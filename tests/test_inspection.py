"""What ``robust-ray inspect`` shows of tasks and models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robust_ray.cli import main
from robust_ray.core.errors import SweepError
from robust_ray.inspection import LINES, described, excerpt, find
from robust_ray.models import HuggingFace, ScratchRoberta
from robust_ray.tasks import CloneDetection, DefectDetection

BODY = "".join(f"  total[{i}] = a;\n\n" for i in range(20))
LONG = f"int f(int a) {{\n{BODY}  return a;\n}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set with a function twice in its training split, and nearly again in its test split."""
    programs = {"train": [LONG, LONG, "int g(void) { return 1; }"], "valid": ["int h;"], "test": [LONG + "// [b]no[/]"]}
    for split, texts in programs.items():
        rows = [{"idx": f"{split}{i}", "target": 0, "func": text} for i, text in enumerate(texts)]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines of an inspection, blanks folded."""
    assert main(["inspect", *words]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_task_shows_its_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, f"{{type: defect_detection, data: {folder}}}")
    assert lines[0] == f"defect_detection data={folder}"
    revision = DefectDetection(data=str(folder)).revision()
    assert lines[1] == f"asks for one of 2 classes: safe, vulnerable; code in c; revision {revision}"
    assert "CodeXGLUE" in lines[2]
    assert "train 2 1 2 0 10 151 151" in lines
    assert "test 0 0 1 0 0 0 0" in lines
    assert "WARNING defect_detection: test examples in the training split, too: 1 of 1" in lines
    assert any(line.startswith("left out of train: 1, ") for line in lines)
    assert "train0: safe" in lines
    assert "int f(int a) {" in lines


def test_the_number_of_examples_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, f"{{type: defect_detection, data: {folder}}}", "--examples", "0")
    assert not [line for line in lines if line.startswith("train0")]


@pytest.mark.torch
def test_a_model_shows_what_it_reads(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = "{type: scratch_roberta, vocabulary: 300, max_length: 64}"
    lines = said(capsys, f"{{type: defect_detection, data: {folder}}}", model, "--examples", "0")
    at = lines.index("scratch_roberta vocabulary=300 max_length=64")
    network, tokenizer, heading, train, valid, test = lines[at + 1 : at + 7]
    assert "parameters; window 64 tokens; pairs siamese" in network
    assert "tokens; special: <s> 0, " in tokenizer
    assert heading == "on defect_detection read tokens p50 p95 most longer than 64"
    assert train.startswith("train 2 ")
    assert train.endswith("1 (50.0 %)")
    assert valid.endswith("0 (0.0 %)")
    assert test.endswith("1 (100.0 %)")


def test_a_sweep_file_names_its_tasks_and_models(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text("name: case\nmodels: [scratch_roberta]\ntasks: [clone_detection]\ntraining: {max_length: 50}\n")
    found = find([str(path), "defect_detection"])
    assert list(found.tasks) == [CloneDetection(), DefectDetection()]
    assert list(found.models) == [ScratchRoberta()]
    assert found.training is not None
    assert found.training.max_length == 50


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("clone_detectoin", r"but got 'clone_detectoin'; did you mean 'clone_detection'\?"),
        ("{data: embedded}", "a task, a model or a sweep file must be named"),
        ("{type: [defect_detection]}", "a task, a model or a sweep file must be named"),
        ("{type: defect_detection", "a task, a model or a sweep file must be named"),
        ("{type: defect_detection, date: x}", "has no field 'date'; did you mean 'data'"),
        ("no/such/file.yaml", "a task, a model or a sweep file must be named"),
    ],
)
def test_a_mistake_is_one_sentence(word: str, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        find([word])


def test_no_negative_number_of_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "defect_detection", "--examples", "-1"]) == 2
    assert "`--examples >= 0` must hold, but got -1" in capsys.readouterr().err


def test_a_default_that_is_made_anew_is_not_told() -> None:
    assert described(HuggingFace(name="x")) == "huggingface name=x"


def test_an_excerpt_leaves_blank_lines_out_and_says_what_is_missing() -> None:
    lines = excerpt(LONG).splitlines()
    assert len(lines) == LINES + 1
    assert lines[1] == "      total[0] = a;"
    assert lines[-1].strip() == f"… {23 - LINES} more lines"
