"""What went wrong, counted: examples, attempts, and what is still to come."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from analysis import failures
from analysis.load import load
from robust_ray.core.records import RunRecord, Verdict
from tests.analysis.synthetic import attack, only, run

NAMES = {f"{kind}_name": kind for kind in ("model", "task", "compression", "attack")}
ATTACK = "attack-mhm-v1-00000000000000"


def runs(*records: RunRecord) -> pd.DataFrame:
    return pd.DataFrame([dataclasses.asdict(record) for record in records], columns=RUN)


RUN = [field.name for field in dataclasses.fields(RunRecord)]


def broken(key: str, started: float, error: str) -> RunRecord:
    return run(key, attempt=f"at{started}", outcome="failed", started=started, seconds=2.0, error=error)


def test_every_example_is_counted_once_whatever_became_of_it() -> None:
    rows = [dataclasses.asdict(attack("none", "mhm", i, verdict)) for i, verdict in enumerate(Verdict)]
    (found,) = failures.outcomes(pd.DataFrame(rows).assign(**NAMES)).to_dict("records")
    assert {verdict: found[verdict] for verdict in Verdict} == dict.fromkeys(Verdict, 1)
    assert set(Verdict) <= {column.name for column in failures.OUTCOMES}


def test_examples_without_an_answer_stand_by_reason() -> None:
    rows = [attack("none", "mhm", i, Verdict.ERROR, error=f"ValueError: line {i} is too deep") for i in range(3)]
    rows += [attack("none", "mhm", 0, Verdict.ERROR, seed=1, error="ValueError: line 0 is too deep")]
    rows += [attack("none", "mhm", i, Verdict.SKIPPED_MISPREDICTED) for i in (7, 8)]
    rows += [attack("none", "mhm", 9, Verdict.SKIPPED_NO_TARGET), attack("none", "mhm", 10, Verdict.FAILED)]
    table = failures.unanswered(pd.DataFrame(map(dataclasses.asdict, rows)).assign(**NAMES))
    shown = table[["outcome", "reason", "examples", "distinct"]].astype(object).where(table.notna(), None)
    assert shown.to_numpy().tolist() == [
        ["broke", "ValueError: line 0 is too deep", 4, 3],
        ["already wrong", None, 2, 2],
        ["nothing to change", "there is no code", 1, 1],
    ]


def test_where_every_example_was_answered_nothing_is_said() -> None:
    rows = pd.DataFrame([dataclasses.asdict(attack("none", "mhm", 0, Verdict.FAILED))]).assign(**NAMES)
    assert failures.unanswered(rows).empty
    assert failures.unanswered(rows.iloc[:0]).empty


def test_calls_that_fail_for_one_reason_are_one_line() -> None:
    table = failures.failures(
        runs(
            broken(f"{ATTACK}02", 3, "RuntimeError: no room for 5.5 MiB"),
            broken(f"{ATTACK}01", 1, "RuntimeError: no room for 7 MiB"),
            broken(f"{ATTACK}01", 2, "RuntimeError: no room for 3.5 MiB"),
            run(f"{ATTACK}01", started=4.0),
            broken("evaluate-none-v1-0000000000000000", 5, "RuntimeError: no room for 5.5 MiB"),
        )
    )
    line = only(table, stage="attack")
    assert (line.calls, line.lost, line.attempts, line.seconds) == (2, 1, 3, 6.0)
    assert (line.first, line.error) == (f"{ATTACK}01", "RuntimeError: no room for 7 MiB")
    assert list(table["stage"]) == ["attack", "evaluate"]


def test_attempts_retries_and_what_was_in_vain() -> None:
    table = failures.attempts(
        runs(broken(f"{ATTACK}01", 1, "a"), run(f"{ATTACK}01", seconds=10.0), broken(f"{ATTACK}02", 2, "b"))
    )
    line = only(table, stage="attack")
    assert (line.calls, line.done, line.attempts, line.retried, line.failed) == (2, 1, 3, 1, 2)
    assert (line.seconds, line.seconds_lost) == (14.0, 4.0)


def test_nothing_that_failed_is_an_empty_table_of_the_same_columns() -> None:
    for table, columns in (
        (failures.failures(runs()), failures.FAILURES),
        (failures.attempts(runs()), failures.ATTEMPTS),
    ):
        assert table.empty
        assert list(table) == [column.name for column in columns]


def test_what_the_plan_still_lacks(store: Path) -> None:
    assert failures.lacking(load(str(store), "small")).to_dict("records") == [
        {"stage": "attack", "missing": 1, "tried": 1, "first": "attack-alert-v1-notyet"}
    ]
    assert failures.lacking(load(str(store))).empty


def test_the_command_prints_and_writes_all_of_it(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failures.main(["--store", str(store), "--sweep", "small", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for words in ("nothing to change", "ValueError: too deep", "RuntimeError: out of memory", "attack-alert-v1-notyet"):
        assert words in printed
    names = ("outcomes", "unanswered", "attempts", "failures", "lacking")
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.{kind}" for name in names for kind in ("csv", "tex")}
