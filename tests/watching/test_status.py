"""How far a sweep is, seen from outside."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import time
from collections.abc import Collection
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from optuna.trial import TrialState
from rich.console import Console

from robust_ray.core.call import StageCall
from robust_ray.core.errors import SweepError
from robust_ray.core.records import RECORDS
from robust_ray.dispatch import Frontier
from robust_ray.dispatch.optuna import StudyFeed
from robust_ray.plan import expand
from robust_ray.search import Objective, Search
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.watching import status
from robust_ray.watching.standing import Stand, by_axis, in_all, look, time_left
from tests.watching.fakes import run
from tests.watching.test_axes import SWEEP

SEARCH = Search(
    space={"dynamic_quantization": {}}, objectives=(Objective(metric="bytes", direction="minimize"),), trials=1
)
RECORD = {record.table: record for record in RECORDS}


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """One task, one attack, two compressions."""
    return dataclasses.replace(
        SWEEP,
        tasks=SWEEP.tasks[:1],
        compressions=SWEEP.compressions[:1],
        attacks=SWEEP.attacks[:1],
        relations=(),
        store=str(tmp_path / "store"),
    )


@pytest.fixture
def store(sweep: Sweep) -> Store:
    return Store.open(sweep.store)


@pytest.fixture
def stages(sweep: Sweep) -> dict[str, list[StageCall]]:
    return expand(sweep).stages()


def finish(store: Store, calls: Collection[StageCall], folder: Path, seconds: float = 1.0) -> None:
    """Leave something at every key."""
    (folder / "out").mkdir(exist_ok=True)
    (folder / "out" / "file").touch()
    for call in calls:
        if call.stage.table is None:
            store.put_checkpoint(call.key, folder / "out", {})
        else:
            store.put_rows(call.ref, [], {}, RECORD[call.stage.table])
        store.put_run(run(call, seconds))


def drive(store: Store, running: dict[str, int]) -> None:
    """Be a driver on another machine."""
    file = Path(store.uri) / "drivers" / "d1.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"host": "head", "pid": 7, "sign": 1, "keys": [*running], "running": running}))


def screen(sweep: Sweep, axis: str | None = None) -> tuple[list[str], int]:
    """Lines without their blanks, and the exit status."""
    console = Console(file=io.StringIO(), width=200)
    code = status.show(sweep, axis, console)
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()], code


def test_a_sweep_that_never_ran(sweep: Sweep) -> None:
    lines, code = screen(sweep)
    assert lines[0] == "stage calls in store running failed blocked missing left"
    assert lines[-2:] == [
        "all 11 · · · · 11 ?",
        f"0 of 11 calls are in {sweep.store}; none runs; ? left for one worker",
    ]
    assert code == 1
    assert not Path(sweep.store).exists()


def test_a_sweep_in_the_midst_of_its_run(
    sweep: Sweep, store: Store, stages: dict[str, list[StageCall]], tmp_path: Path
) -> None:
    first, second, *_ = stages["attack"]
    finish(store, [*stages["survey"], *stages["finetune"], *stages["compress"], *stages["substitutes"]], tmp_path)
    finish(store, [first], tmp_path, seconds=60.0)
    drive(store, {second.key: 20, stages["evaluate"][0].key: 5, "attack-mhm-of-another-sweep": 3})
    lines, code = screen(sweep)
    assert lines[1:] == [
        "survey 1 1 · · · · ·",
        "finetune 1 1 · · · · ·",
        "compress 2 2 · · · · ·",
        "evaluate 2 · 1 · · 1 ?",
        "substitutes 1 1 · · · · ·",
        "attack 4 1 1 · · 2 1m 20s",
        "all 11 6 2 · · 3 over 1m 20s",
        "a driver is at work on head (process 7), last seen 0s ago",
        f"running {second.key} for 20s",
        f"running {stages['evaluate'][0].key} for 5s",
        f"6 of 11 calls are in {sweep.store}; over 1m 20s left, 2 running at once",
    ]
    assert code == 1


def test_a_driver_that_has_long_been_silent_runs_nothing(sweep: Sweep, store: Store) -> None:
    (key, *_) = expand(sweep).calls
    drive(store, {key: 20})
    file = Path(store.uri) / "drivers" / "d1.json"
    os.utime(file, (time.time() - 1000,) * 2)
    assert look(expand(sweep), store).running == {}
    file.write_text("no driver's")
    assert look(expand(sweep), store).drivers == []


def test_a_whole_sweep(sweep: Sweep, store: Store, tmp_path: Path) -> None:
    finish(store, expand(sweep).calls.values(), tmp_path)
    lines, code = screen(sweep)
    assert lines[-1] == f"11 of 11 calls are in {sweep.store}"
    assert code == 0


def test_failures_with_their_sentence_their_attempts_and_what_they_block(
    sweep: Sweep, store: Store, stages: dict[str, list[StageCall]], tmp_path: Path
) -> None:
    (finetune,) = stages["finetune"]
    for attempt in (1, 2):
        store.put_run(run(finetune, outcome="failed", started=attempt, error="RuntimeError: [red] boom"))
    store.put_run(run(stages["survey"][0], outcome="failed", started=3, error="gone"))
    finish(store, stages["survey"], tmp_path)
    standing = look(expand(sweep), store)
    assert [(failed.key, failed.attempts) for failed in standing.failures] == [(finetune.key, 2)]
    counts = in_all(standing).counts
    assert (counts[Stand.FAILED], counts[Stand.BLOCKED], counts[Stand.MISSING]) == (1, 8, 1)
    lines, _ = screen(sweep)
    (told,) = (i for i, line in enumerate(lines) if line.startswith("FAILED"))
    assert lines[told] == f"FAILED {finetune.key} (8 that need it skipped): RuntimeError: [red] boom"
    assert re.fullmatch(
        rf"2 attempts, the last 19\d\d-.* on node7; --log {finetune.key} prints all it said", lines[told + 1]
    )


def test_what_was_put_aside_to_be_made_again_has_not_failed(
    sweep: Sweep, store: Store, stages: dict[str, list[StageCall]], tmp_path: Path
) -> None:
    finish(store, stages["survey"], tmp_path)
    store.discard(stages["survey"][0].ref)
    assert look(expand(sweep), store).failures == []


def test_a_line_for_each_compression(
    sweep: Sweep, store: Store, stages: dict[str, list[StageCall]], tmp_path: Path
) -> None:
    finish(store, [*stages["finetune"], stages["compress"][0]], tmp_path)
    lines = by_axis(look(expand(sweep), store), "compression")
    assert [(line.name, line.calls, line.counts.get(Stand.STORED, 0)) for line in lines] == [
        ("none", 4, 1),
        ("magnitude_pruning", 4, 0),
        ("(shared)", 3, 1),
    ]


def test_the_longest_chain_takes_its_time_however_many_work(
    sweep: Sweep, store: Store, stages: dict[str, list[StageCall]], tmp_path: Path
) -> None:
    other = "v9-0123456789abcdef"
    for stage, seconds in (("finetune", 100.0), ("compress", 10.0), ("attack", 5.0)):
        store.put_run(run(f"{stage}-{stages[stage][0].stage.label()}-{other}", seconds))
    drive(store, dict.fromkeys([call.key for call in (*stages["survey"], *stages["substitutes"])], 0))
    assert time_left(look(expand(sweep), store)) == pytest.approx(115.0)


def test_all_of_it_for_programs(sweep: Sweep, store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (finetune,) = expand(sweep).stages()["finetune"]
    store.put_run(run(finetune, outcome="failed", error="boom"))
    assert status.show(sweep, None, Console(), as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["failures"][0] | {"started": 0} == {
        "key": finetune.key,
        "attempts": 1,
        "error": "boom",
        "host": "node7",
        "started": 0,
    }
    assert {line["name"]: line["missing"] for line in document["task"]} == {"defect_detection": 2}


def test_the_log_of_a_call(sweep: Sweep, store: Store) -> None:
    (finetune,) = expand(sweep).stages()["finetune"]
    store.put_run(run(finetune, 3.0, outcome="failed", started=1, error="boom [red]"))
    store.put_run(run(finetune, 65.0, started=2))
    console = Console(file=io.StringIO(), width=40)
    status.show_log(finetune.key, sweep, console)
    assert isinstance(console.file, io.StringIO)
    first, *traceback, last = console.file.getvalue().splitlines()
    assert first.startswith("attempt 1 of 2: failed after 3s on node7 (chip), begun ")
    assert traceback == ["Traceback (most recent call last):", "boom [red]"]
    assert last.startswith("attempt 2 of 2: done after 1m 05s on node7 (chip), begun ")
    with pytest.raises(SweepError, match="the key of a call that has been tried must be given, but got 'x'"):
        status.show_log("x", sweep, console)


def test_watching_ends_with_the_sweep(
    sweep: Sweep, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = list(expand(sweep).calls.values())
    monkeypatch.setattr("time.sleep", lambda seconds: finish(store, calls if seconds else [], tmp_path))
    console = Console(file=io.StringIO(), width=200)
    assert status.watch(sweep, None, 0.5, console) == 0
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.split(" calls")[0] for line in lines] == ["0 of 11", "11 of 11"]


def test_a_search_is_watched_and_under_way_until_it_has_ended(
    sweep: Sweep, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its calls are no part of the plan, which the last line says; how far it is stands in a line of its own."""
    searched = dataclasses.replace(sweep, search=dataclasses.replace(SEARCH, trials=1))
    finish(store, list(expand(searched).calls.values()), tmp_path)
    assert status.show(searched, None, Console(file=io.StringIO())) == 1
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            feed = StudyFeed(searched, store)
            feed.advance(Frontier())
            (proposal,) = feed._studies[0].study.trials
            feed._studies[0].study.tell(proposal.number, state=TrialState.PRUNED)

    monkeypatch.setattr("time.sleep", sleep)
    console = Console(file=io.StringIO(), width=200)
    assert status.watch(searched, None, 0.5, console) == 0
    assert slept == [0.5, 0.5, 0]
    assert isinstance(console.file, io.StringIO)
    assert " calls of what the sweep lists are in " in console.file.getvalue().splitlines()[-1]
    assert status.show(searched, None, console) == 0


def test_how_far_a_search_is(sweep: Sweep, store: Store, tmp_path: Path) -> None:
    searched = dataclasses.replace(sweep, search=dataclasses.replace(SEARCH, trials=3))
    finish(store, list(expand(searched).calls.values()), tmp_path)
    words = "search for scratch_roberta on defect_detection: "
    assert printed(searched)[0] == f"{words}0 of 3 proposals made, 0 measured whole"
    StudyFeed(searched, store).advance(Frontier())
    assert printed(searched)[0] == f"{words}1 of 3 proposals made, 0 measured whole, 1 open"
    console = io.StringIO()
    with redirect_stdout(console):
        assert status.show(searched, None, Console(file=io.StringIO()), as_json=True) == 1
    (found,) = json.loads(console.getvalue())["searches"]
    assert (found["model"], found["asked"], found["open"], found["has_ended"]) == ("scratch_roberta", 1, 1, False)


def printed(sweep: Sweep) -> list[str]:
    """The sentences below the table."""
    console = Console(file=io.StringIO(), width=200)
    status.show(sweep, None, console)
    assert isinstance(console.file, io.StringIO)
    return [line for line in console.file.getvalue().splitlines() if line.startswith("search")]


def test_who_has_seen_enough_leaves_in_peace(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(seconds: float) -> None:
        if seconds:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", leave)
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    assert status.watch(sweep, "model", 0.5, console) == 1
    assert isinstance(console.file, io.StringIO)
    assert "scratch_roberta" in console.file.getvalue()
