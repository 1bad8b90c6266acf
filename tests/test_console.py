"""What is shown while a plan runs: counts, and how long it will still take."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from robust_ray.console import Display, counts_table, duration, history, warning_lines
from robust_ray.core.call import StageCall
from robust_ray.dispatch import Counts, Outcome
from tests.analysis.synthetic import dataset
from tests.dispatch.fakes import Look, Make

TEACHER = StageCall(Make(value=1))
LOOKS = [StageCall(Look(value=value)) for value in range(4)]


def display(history: dict[str, float], *, terminal: bool = False) -> Display:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    shown = Display(console, [TEACHER, *LOOKS], history)
    shown.on_change({"finetune": Counts(waiting=1), "attack": Counts(waiting=4)})
    return shown


def written(shown: Display) -> str:
    assert isinstance(shown.console.file, io.StringIO)
    return shown.console.file.getvalue()


def test_nothing_is_known_of_calls_whose_kind_never_ran() -> None:
    assert display({}).eta() == "?"


def test_history_tells_before_anything_has_run() -> None:
    assert display({"finetune-fake": 100.0, "attack-fake": 5.0}).eta() == "2m 00s"


def test_a_slow_first_call_says_nothing_about_other_kinds() -> None:
    shown = display({"attack-fake": 5.0})
    assert shown.eta() == "over 20s"
    shown.on_end(TEACHER, Outcome(TEACHER.key, seconds=300.0))
    shown.on_change({"finetune": Counts(done=1), "attack": Counts(waiting=4)})
    assert shown.eta() == "20s"


def test_what_ran_now_counts_for_more_than_history() -> None:
    shown = display({"finetune-fake": 0.0, "attack-fake": 5.0})
    shown.on_end(LOOKS[0], Outcome(LOOKS[0].key, seconds=10.0))
    shown.on_change({"finetune": Counts(done=1), "attack": Counts(done=1, waiting=3)})
    shown.left.discard(TEACHER.key)
    assert shown.eta() == "30s"


def test_calls_that_run_at_once_share_the_time() -> None:
    shown = display({"finetune-fake": 0.0, "attack-fake": 60.0})
    for look in LOOKS[:2]:
        shown.on_start(look)
    assert shown.eta() == "2m 00s"


def test_skipped_calls_take_no_time() -> None:
    shown = display({"finetune-fake": 0.0, "attack-fake": 5.0})
    shown.on_end(TEACHER, Outcome(TEACHER.key, error="broken"))
    shown.on_change({"finetune": Counts(failed=1), "attack": Counts(skipped=4)})
    assert shown.eta() == "0s"


def test_plain_lines_name_each_call_and_why_it_failed() -> None:
    shown = display({})
    with shown:
        shown.on_start(TEACHER)
        shown.on_end(TEACHER, Outcome(TEACHER.key, seconds=1.25))
        shown.on_end(LOOKS[0], Outcome(LOOKS[0].key, error="[red] no memory", seconds=2.0))
    assert written(shown).splitlines() == [
        f"start  {TEACHER.key}",
        f"done   {TEACHER.key} (1.2 s)",
        f"FAILED {LOOKS[0].key} (2.0 s): [red] no memory",
    ]


def test_a_terminal_shows_a_table_and_no_lines() -> None:
    shown = display({}, terminal=True)
    with shown:
        shown.on_start(TEACHER)
    assert "0s gone, ? left" in written(shown)
    assert TEACHER.key not in written(shown)


def test_numbers_stand_right() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(counts_table({"attack": Counts(done=3, running=12, waiting=100)}))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1].split() == ["attack", "115", "3", "·", "12", "·", "·"]


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0s"), (75, "1m 15s"), (3720, "1h 02m")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_history_of_nothing() -> None:
    assert history([]) == {}


def test_warnings_name_the_task() -> None:
    rows = [dataset("train"), dataset("test")]
    assert warning_lines("tasks[0] defect_detection", rows) == [
        "WARNING tasks[0] defect_detection: test examples nearly the same as one of the training split: 4 of 200"
    ]
