"""What is shown while a plan runs: counts, how long it will still take, and few lines."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping

import pytest
from rich.console import Console

from robust_ray.core.call import StageCall
from robust_ray.dispatch import Counts, Outcome
from robust_ray.watching import display as showing
from robust_ray.watching.display import Display, counts_table
from robust_ray.watching.history import History
from tests.dispatch.fakes import Look, Make
from tests.watching.fakes import run

TEACHER = StageCall(Make(value=1))
LOOKS = [StageCall(Look(value=value)) for value in range(4)]


def display(
    before: Mapping[str, float], *, terminal: bool = False, verbose: bool = False, searches: bool = False
) -> Display:
    """A display that knows how long calls of some kinds took before."""
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    history = History(run(f"{kind}-v1-0123456789abcdef", seconds) for kind, seconds in before.items())
    shown = Display(console, [TEACHER, *LOOKS], history, verbose=verbose, searches=searches)
    shown.on_change({"finetune": Counts(waiting=1), "attack": Counts(waiting=4)})
    return shown


def written(shown: Display) -> str:
    assert isinstance(shown.console.file, io.StringIO)
    return shown.console.file.getvalue()


def test_nothing_is_known_of_calls_whose_kind_never_ran() -> None:
    assert display({}).eta() == "?"


def test_history_tells_before_anything_has_run() -> None:
    assert display({"finetune-fake": 100.0, "attack-fake": 5.0}).eta() == "2m 00s"


def test_nobody_knows_how_much_a_search_will_add() -> None:
    shown = display({"finetune-fake": 100.0, "attack-fake": 5.0}, searches=True)
    assert shown.eta() == "over 2m 00s"
    for call in (TEACHER, *LOOKS):
        shown.on_end(call, Outcome(call.key, seconds=1.0))
    shown.on_change({"finetune": Counts(done=1), "attack": Counts(done=4)})
    assert shown.eta() == "?"


def test_a_slow_first_call_says_nothing_about_other_kinds() -> None:
    shown = display({"attack-fake": 5.0})
    assert shown.eta() == "over 20s"
    shown.on_end(TEACHER, Outcome(TEACHER.key, seconds=300.0))
    shown.on_change({"finetune": Counts(done=1), "attack": Counts(waiting=4)})
    assert shown.eta() == "20s"


def test_what_ran_now_counts_for_more_than_history() -> None:
    shown = display({"finetune-fake": 0.0, "attack-fake": 5.0})
    shown.on_end(LOOKS[0], Outcome(LOOKS[0].key, seconds=10.0))
    shown.on_change({"finetune": Counts(waiting=1), "attack": Counts(done=1, waiting=3)})
    assert shown.eta() == "30s"


def test_what_another_driver_made_says_nothing_about_time() -> None:
    shown = display({"finetune-fake": 0.0, "attack-fake": 5.0})
    shown.on_end(LOOKS[0], Outcome(LOOKS[0].key))
    shown.on_change({"finetune": Counts(waiting=1), "attack": Counts(done=1, waiting=3)})
    assert shown.eta() == "15s"


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


def test_thousands_of_calls_cost_a_glance() -> None:
    looks = [StageCall(Look(value=value)) for value in range(10_000)]
    shown = Display(Console(file=io.StringIO()), looks, History([run(looks[0], 2.0)]))
    started = time.perf_counter()
    for _ in range(100):
        shown.eta()
    assert time.perf_counter() - started < 0.5


def test_plain_lines_name_each_call_where_asked() -> None:
    shown = display({}, verbose=True)
    with shown:
        shown.on_start(TEACHER)
        shown.on_end(TEACHER, Outcome(TEACHER.key, seconds=1.25))
        shown.on_end(LOOKS[0], Outcome(LOOKS[0].key, error="[red] no memory", seconds=2.0))
    assert written(shown).splitlines() == [
        f"start  {TEACHER.key}",
        f"done   {TEACHER.key} (1.2 s)",
        f"FAILED {LOOKS[0].key} (2.0 s): [red] no memory",
    ]


def test_else_only_failures_are_told_at_once_and_each_reason_once() -> None:
    shown = display({})
    for call in (TEACHER, *LOOKS):
        shown.on_start(call)
    shown.on_end(TEACHER, Outcome(TEACHER.key, seconds=1.0))
    for i, call in enumerate(LOOKS):
        shown.on_end(call, Outcome(call.key, error=f"no room for {i} bytes", seconds=2.0))
    assert written(shown).splitlines() == [f"FAILED {LOOKS[0].key} (2.0 s): no room for 0 bytes"]


def test_and_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = display({"finetune-fake": 40.0, "attack-fake": 5.0})
    shown.on_end(LOOKS[0], Outcome(LOOKS[0].key, error="boom"))
    shown.on_start(LOOKS[1])
    monkeypatch.setattr(showing, "PLAIN_INTERVAL", -1.0)
    shown.on_change({"finetune": Counts(waiting=1), "attack": Counts(failed=1, running=1, waiting=2)})
    assert written(shown).splitlines()[-1] == "1 of 5 calls ended, 1 of them badly; 1 running, 55s left"


def test_a_terminal_shows_a_table_and_no_lines() -> None:
    shown = display({}, terminal=True)
    with shown:
        shown.on_start(TEACHER)
    assert "0s gone, ? left" in written(shown)
    assert TEACHER.key not in written(shown)


def test_an_interruption_that_a_library_has_caught_is_not_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display({})
    shown.interrupt("stopped")
    with pytest.raises(KeyboardInterrupt):
        shown.on_change({})
    assert capsys.readouterr().err == "robust-ray: stopped\n"


def test_numbers_stand_right() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(counts_table({"attack": Counts(done=3, running=12, waiting=100)}))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1].split() == ["attack", "115", "3", "·", "12", "·", "·"]


def test_what_another_driver_is_at_is_elsewhere() -> None:
    shown = display({"finetune-fake": 5.0, "attack-fake": 5.0})
    shown.on_change({"finetune": Counts(elsewhere=1), "attack": Counts(waiting=4)})
    assert shown.summary() == "0 of 5 calls ended; 0 running, 1 elsewhere, 25s left"
    shown.console.print(shown.table())
    heads, makes, looks, *_ = (line.split() for line in written(shown).splitlines())
    assert heads == ["stage", "calls", "done", "cached", "running", "elsewhere", "failed", "skipped"]
    assert (makes[5], looks[5]) == ("1", "·")
