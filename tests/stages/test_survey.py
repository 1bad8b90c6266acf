"""The survey of a task: a row for each split, planned once, warned of at the end of a run."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from robust_ray import runner
from robust_ray.core.call import Inputs
from robust_ray.core.machine import Machine
from robust_ray.core.records import DatasetRecord
from robust_ray.models import ScratchRoberta
from robust_ray.plan import survey_of
from robust_ray.stages import STAGES, Survey
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.tasks import DefectDetection

PROGRAM = "int f(int a) { return a; }"


def data(folder: Path) -> DefectDetection:
    """Two programs to train on, one of them twice, and one of them to be tested on."""
    programs = {"train": [PROGRAM, PROGRAM, "int g(void) { return 1; }"], "valid": ["int h;"], "test": [PROGRAM + "\n"]}
    for split, texts in programs.items():
        rows = [{"idx": f"{split}{i}", "target": 0, "func": text} for i, text in enumerate(texts)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return DefectDetection(data=str(folder))


def test_a_row_for_each_split(tmp_path: Path) -> None:
    found = Survey(task=data(tmp_path)).run("key", Inputs(), tmp_path, Machine())
    train, valid, test = (row for row in found if isinstance(row, DatasetRecord))
    assert [(row.split, row.n) for row in (train, valid, test)] == [("train", 2), ("valid", 1), ("test", 1)]
    assert {row.key for row in found} == {"key"}
    assert (train.labels, train.label_counts, train.language) == (("safe", "vulnerable"), (2, 0), "c")
    assert train.dropped == 1
    assert sum(json.loads(train.dropped_for).values()) == 1
    assert test.in_train == 1


def test_it_comes_first_and_waits_for_nothing(tmp_path: Path) -> None:
    assert STAGES[0] is Survey
    assert survey_of(data(tmp_path)).needs == ()


def test_a_run_ends_with_its_warnings(tmp_path: Path) -> None:
    task = data(tmp_path)
    sweep = Sweep(name="s", models=(ScratchRoberta(),), tasks=(task,), store=str(tmp_path / "store"))
    call = survey_of(task)
    store = Store.open(sweep.store)
    store.put_rows(call.ref, call.stage.run(call.key, Inputs(), tmp_path, Machine()), {}, DatasetRecord)
    screen = Console(file=io.StringIO(), width=80)
    runner.warn(sweep, store, screen)
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue().splitlines() == [
        "WARNING tasks[0] defect_detection: classes without a train example: vulnerable",
        "WARNING tasks[0] defect_detection: classes without a valid example: vulnerable",
        "WARNING tasks[0] defect_detection: test examples in the training split, too: 1 of 1",
        "WARNING tasks[0] defect_detection: classes without a test example: vulnerable",
    ]
