"""What printed things have in common."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from robust_ray.console import duration, known_part, say, warning_lines
from tests.analysis.synthetic import dataset


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0s"), (75, "1m 15s"), (3720, "1h 02m")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("unknown", "text"), [(0, "5s"), (1, "over 5s"), (3, "?")])
def test_what_is_known_in_part_is_a_lower_bound(unknown: int, text: str) -> None:
    assert known_part("5s", unknown, of=3) == text


def test_what_is_said_is_no_markup_and_not_wrapped() -> None:
    console = Console(file=io.StringIO(), width=10)
    say(console, "[red] it is long")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "[red] it is long\n"


def test_warnings_name_the_task() -> None:
    rows = [dataset("train"), dataset("test")]
    assert warning_lines("tasks[0] defect_detection", rows) == [
        "WARNING tasks[0] defect_detection: test examples nearly the same as one of the training split: 4 of 200"
    ]
